#include "chat/loop.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "chat/conversation_file.h"
#include "chat/history.h"
#include "command.h"

namespace quipu::app {
namespace {

constexpr std::string_view prompt = ">>> ", more_prompt = "... ";

double rate(std::size_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0.0;
}

// "45.1": one place is enough for what varies from run to run.
std::string tenths(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", number);
  return text;
}

std::string counted(std::size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// The time of the first token is that of the prompt.
double decode_rate(const AnswerReport& report) {
  return rate(report.answer_tokens ? report.answer_tokens - 1 : 0, report.decode_seconds);
}

double prefill_rate(const AnswerReport& report) {
  return rate(report.prompt_tokens - report.reused_tokens, report.prefill_seconds);
}

std::string expanded(const std::string& file) {
  const char* const home = std::getenv("HOME");
  return file.starts_with("~/") && home ? home + file.substr(1) : file;
}

}  // namespace

Loop::Loop(Session& session, Settings& settings, LineReader& reader, Screen& screen,
           LoopOptions options)
    : session_(session), settings_(settings), reader_(reader), screen_(screen),
      options_(std::move(options)) {}

void Loop::say_first(const std::string& message) {
  if (options_.interactive) screen_.show(std::string(prompt) + message);
  try {
    answer(message);
  } catch (const Error& error) {
    fail(error);
  }
}

bool Loop::run() {
  while (!done_) {
    // A Ctrl-C that came too late for the last answer is not for the next.
    if (options_.interactive) interrupted = false;
    Line line;
    try {
      line = read_message(reader_, options_.interactive ? prompt : "",
                          options_.interactive ? more_prompt : "", std::exchange(draft_, {}));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::usage) throw;
      fail(error);
      return false;
    }
    if (line.kind == Line::end) break;
    if (line.kind == Line::interrupt) {
      if (!options_.interactive) return !failed_;
      if (line.text.empty()) screen_.note("Ctrl-D or /quit ends the chat");
      continue;
    }
    if (options_.interactive) interrupted = false;
    try {
      take(line.text);
    } catch (const Error& error) {
      // Without a stdout there is nothing to go on for.
      if (std::ferror(stdout)) throw;
      fail(error);
    }
    if (interrupted && !options_.interactive) break;
  }
  return !failed_;
}

void Loop::fail(const Error& error) {
  say(error.what());
  failed_ = failed_ || !options_.interactive;
}

void Loop::take(const std::string& line) {
  if (line.find_first_not_of(" \t\r\n") == std::string::npos) return;
  reader_.remember(line);
  if (!options_.history.empty()) append_history(options_.history, line);
  if (const auto command = parse_slash(line))
    obey(*command);
  else
    answer(std::string(message_text(line)));
}

void Loop::obey(const SlashCommand& command) {
  switch (command.verb) {
  case Verb::help:
    return help();
  case Verb::system:
    return system(command.argument);
  case Verb::save:
    return save(command.argument);
  case Verb::load:
    return load(command.argument);
  case Verb::reset:
    session_.conversation().reset();
    last_.reset();
    return screen_.note("a new conversation");
  case Verb::undo:
    return undo();
  case Verb::retry:
    return retry();
  case Verb::edit:
    return edit();
  case Verb::set:
    return set(command.argument);
  case Verb::stats:
    return stats();
  case Verb::quit:
    done_ = true;
    return;
  }
}

void Loop::answer(const std::string& message) {
  session_.conversation().add_user(message);
  answer_last();
}

// A message that cannot be answered is taken back, so that the next one can.
void Loop::answer_last() {
  AnswerReport report;
  try {
    report = session_.answer(settings_.current(),
                             {.part = [&](const AnswerPart& part) { screen_.part(part); },
                              .waiting = [&](std::size_t tokens) { screen_.waiting(tokens); }});
  } catch (const Error& error) {
    screen_.break_off();
    session_.conversation().undo();
    if (options_.json) print_json(json::value{{"error", error.what()}});
    throw;
  }
  screen_.end_answer();
  if (options_.json) print_turn(report);
  this->report(report);
  if (options_.interactive) screen_.show("");
  last_ = std::move(report);
}

void Loop::print_turn(const AnswerReport& report) {
  json::object turn{{"role", "assistant"}, {"content", report.content}};
  if (!report.reasoning.empty()) turn["reasoning_content"] = report.reasoning;
  turn["finish_reason"] = to_string(report.reason);
  turn["prompt_tokens"] = report.prompt_tokens;
  turn["reused_tokens"] = report.reused_tokens;
  turn["answer_tokens"] = report.answer_tokens;
  turn["context_tokens"] = report.context_tokens;
  turn["forgotten_turns"] = report.forgotten_turns;
  turn["seed"] = report.seed;
  turn["prefill_seconds"] = report.prefill_seconds;
  turn["decode_seconds"] = report.decode_seconds;
  print_json(turn);
}

void Loop::report(const AnswerReport& report) {
  if (report.forgotten_turns)
    screen_.note("the context is full: the model has forgotten the oldest " +
                 (report.forgotten_turns == 1 ? "turn" : counted(report.forgotten_turns, "turn")));
  if (report.reason == FinishReason::context_full) {
    const bool shifts = settings_.current().when_full == WhenFull::shift;
    screen_.note("the context of " + std::to_string(options_.context) +
                 " tokens is full: /reset starts anew, " +
                 (shifts ? "" : "/set context-full shift forgets the oldest turns, ") +
                 "--ctx makes it longer");
  }
  if (report.reason == FinishReason::cancelled) {
    const bool kept = !report.content.empty();
    if (!kept) session_.conversation().undo();
    screen_.note(kept ? "stopped" : "stopped; the message is taken back");
  }
  if (!options_.figures) return;
  std::string line =
      std::to_string(report.context_tokens) + "/" + std::to_string(options_.context) + " tokens";
  if (report.answer_tokens > 1) line += ", " + tenths(decode_rate(report)) + " tok/s";
  if (options_.verbose)
    line += ", prompt " + std::to_string(report.prompt_tokens) + " tokens (" +
            std::to_string(report.reused_tokens) + " reused) " + tenths(prefill_rate(report)) +
            " tok/s, seed " + std::to_string(report.seed);
  screen_.note(line);
}

void Loop::help() {
  std::string text;
  for (const SlashHelp& command : slash_commands()) {
    std::string line = "  /" + std::string(command.name) + " " + std::string(command.argument);
    line.resize(std::max<std::size_t>(line.size() + 1, 24), ' ');
    text += line + std::string(command.summary) + "\n";
  }
  text += "  \\ at the end of a line, or \"\"\" around several: a message of several lines\n"
          "  // begins a message with a slash";
  if (reader_.edits())
    text += "\n  Alt-Enter a new line · Ctrl-R searches what was typed · Tab completes\n"
            "  Ctrl-C stops an answer or gives a line up · Ctrl-D quits";
  screen_.show(text);
}

void Loop::system(const std::string& text) {
  Conversation& conversation = session_.conversation();
  if (text.empty()) {
    const std::string now = conversation.system();
    return screen_.show(now.empty() ? "no system message" : now);
  }
  conversation.set_system(text == "none" ? "" : text);
  screen_.note(text == "none" ? "no system message from here on" : "system message set");
}

void Loop::save(const std::string& file) {
  if (file.empty()) throw Error(ErrorCode::usage, "/save: expected a file, found none");
  save_conversation(expanded(file), options_.model, session_.conversation().messages());
  screen_.note("saved " + counted(session_.conversation().messages().size(), "message") + " to " +
               file);
}

void Loop::load(const std::string& file) {
  if (file.empty()) throw Error(ErrorCode::usage, "/load: expected a file, found none");
  session_.conversation() = Conversation(load_conversation(expanded(file)));
  last_.reset();
  screen_.note("loaded " + counted(session_.conversation().messages().size(), "message") +
               " from " + file);
}

void Loop::undo() {
  if (!session_.conversation().undo())
    throw Error(ErrorCode::usage, "/undo: expected a message to take back, found none");
  screen_.note("the last message is taken back; " +
               counted(session_.conversation().turns(), "turn") + " left");
}

void Loop::retry() {
  if (session_.conversation().turns() == 0)
    throw Error(ErrorCode::usage, "/retry: expected a message to answer, found none");
  session_.conversation().drop_answer();
  answer_last();
}

void Loop::edit() {
  if (!reader_.edits())
    throw Error(ErrorCode::usage, "/edit: expected a terminal that can edit lines, found none");
  const auto message = session_.conversation().undo();
  if (!message) throw Error(ErrorCode::usage, "/edit: expected a message to edit, found none");
  draft_ = message->starts_with('/') ? "/" + *message : *message;
}

void Loop::set(const std::string& words) {
  const std::size_t space = words.find(' ');
  const std::string name = words.substr(0, space);
  if (space == std::string::npos) return screen_.show(settings_.table(name));
  const std::size_t value = words.find_first_not_of(' ', space);
  settings_.set(name, words.substr(value));
  screen_.note(settings_.table(name));
}

void Loop::stats() {
  const Conversation& conversation = session_.conversation();
  std::string text = "  model     " + options_.model + "\n  template  " +
                     (options_.template_name.empty() ? "none" : options_.template_name) +
                     "\n  turns     " + std::to_string(conversation.turns());
  if (conversation.forgotten())
    text += ", the oldest " + std::to_string(conversation.forgotten()) + " forgotten";
  text += "\n  context   ";
  if (last_) text += std::to_string(last_->context_tokens) + " of ";
  text += std::to_string(options_.context) + " tokens";
  if (last_)
    text += "\n  prompt    " + std::to_string(last_->prompt_tokens) + " tokens, " +
            std::to_string(last_->reused_tokens) + " from the cache, " +
            tenths(prefill_rate(*last_)) + " tok/s\n  answer    " +
            counted(last_->answer_tokens, "token") + ", " + tenths(decode_rate(*last_)) +
            " tok/s, seed " + std::to_string(last_->seed);
  screen_.show(text);
}

}  // namespace quipu::app
