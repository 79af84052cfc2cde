// The stage "template": prompts that say what was said, by whom, in order.
#include <algorithm>

#include "chat_prompt.h"
#include "stages.h"

namespace quipu::app {
namespace {

constexpr const char* key = "tokenizer.chat_template";
// Plain words, each once, that no template has of its own and none changes.
constexpr std::string_view system_text = "Answer tersely", question = "Seventh question",
                           answer = "Eighth answer", follow_up = "Ninth question";

json::object message(const char* role, std::string_view content) {
  return {{"role", role}, {"content", content}};
}

std::string named(const std::string& what) {
  return what.starts_with(key) ? what : key + (": " + what);
}

// The rendering, or what the template says against it.
struct Rendering {
  std::string text;
  std::optional<std::string> refusal;

  bool has(std::string_view words) const { return text.find(words) != std::string::npos; }
};

Rendering render(const ChatTemplate& chat, json::array messages, bool answer_next = true) {
  try {
    return {chat_text(chat, std::move(messages), answer_next), {}};
  } catch (const TemplateRaised& raised) {
    return {"", raised.what()};
  } catch (const Error& error) {
    throw Error(error.code(), named(error.what()));
  }
}

void check_question(const ChatTemplate& chat, StageResult& result) {
  const auto alone = render(chat, {message("user", question)});
  if (alone.refusal)
    fail(result, exit_no, named("refuses a message of the user: " + printable(*alone.refusal)));
  else if (!alone.has(question))
    fail(result, exit_no, named("expected the message in the prompt, found none"));
}

void check_conversation(const ChatTemplate& chat, StageResult& result) {
  const auto turns = render(
      chat, {message("user", question), message("assistant", answer), message("user", follow_up)});
  if (turns.refusal)
    return fail(result, exit_no,
                named("refuses turns that alternate: " + printable(*turns.refusal)));
  std::size_t at = 0;
  for (const std::string_view words : {question, answer, follow_up}) {
    at = turns.text.find(words, at);
    if (at == std::string::npos)
      return fail(result, exit_no,
                  named("expected all turns in the prompt, in order, found no '" +
                        std::string(words) + "'"));
  }
  const auto same = render(
      chat, {message("user", question), message("user", answer), message("user", follow_up)});
  if (same.text == turns.text)
    fail(result, exit_no,
         named("expected turns of the user and of the assistant to differ, found them alike"));
}

void check_system(const ChatTemplate& chat, StageResult& result) {
  const auto both = render(chat, {message("system", system_text), message("user", question)});
  if (both.refusal)
    warn(result, named("refuses a system message: " + printable(*both.refusal)));
  else if (!both.has(system_text))
    warn(result, named("drops a system message"));
}

// An answer ends with a token that ends generation, or the model never stops.
void check_end(const ChatTemplate& chat, const Tokenizer& tokenizer, StageResult& result) {
  const auto closed =
      render(chat, {message("user", question), message("assistant", answer)}, false);
  const std::size_t at = closed.text.find(answer);
  if (at == std::string::npos) return;
  const auto rest = closed.text.substr(at + answer.size());
  const auto tokens = tokenizer.encode(rest, {.add_special = false, .parse_special = true});
  if (std::ranges::none_of(tokens, [&](Token t) { return tokenizer.ends_generation(t); }))
    warn(result, named("expected a token that ends generation after an answer, found '" +
                       printable(rest, 60) + "'"));
}

// "<|im_start|>" in the prompt of a model that has no such token is twelve characters. The first
// marks tell: a prompt may have millions.
void check_marks(const ChatTemplate& chat, const Tokenizer& tokenizer, StageResult& result) {
  constexpr std::size_t longest = 64, most = 100;
  const auto text = render(chat, {message("user", question)}).text;
  std::size_t at = 0;
  for (std::size_t i = 0; i < most && (at = text.find("<|", at)) != std::string::npos; ++i, ++at) {
    const std::string_view rest = std::string_view(text).substr(at, longest);
    const std::size_t end = rest.find("|>", 2);
    if (end == std::string_view::npos) continue;
    const std::string_view mark = rest.substr(0, end + 2);
    if (mark.find_first_of(" \n") != std::string_view::npos) continue;
    if (tokenizer.encode(mark, {.add_special = false, .parse_special = true}).size() > 1) {
      warn(result,
           named("expected a token '" + printable(mark) + "', found none in the vocabulary"));
      return;
    }
  }
}

}  // namespace

void check_template(Subject& subject, StageResult& result) {
  const Model* model = subject.model_if_whole();
  if (model && !gives(*model, "logits")) {
    result.verdict = Verdict::skipped;
    return;
  }
  subject.chat = ChatTemplate::make(subject.file->metadata());
  if (!subject.chat) {
    warn(result, named("none; prompts are sent as they are"));
    return;
  }
  const ChatTemplate& chat = *subject.chat;
  check_question(chat, result);
  if (result.verdict == Verdict::fail) return;
  check_conversation(chat, result);
  check_system(chat, result);
  const Tokenizer& tokenizer = subject.tokenizer();
  if (tokenizer.kind() != "none") {
    check_end(chat, tokenizer, result);
    check_marks(chat, tokenizer, result);
  }
  if (result.messages.empty()) note(result, std::string(chat.name()));
}

}  // namespace quipu::app
