#include "chat/session.h"

#include <algorithm>
#include <utility>

#include "command.h"
#include "interrupts.h"

namespace quipu::app {
namespace {

// What a shift frees: with less the next one would come soon, and each runs all that stays again.
std::size_t kept_free(std::uint32_t context) {
  return context / 4;
}

void add(AnswerReport& report, std::vector<AnswerPart> parts, const Audience& audience) {
  for (const AnswerPart& part : parts) {
    (part.kind == AnswerPart::content ? report.content : report.reasoning) += part.text;
    audience.part(part);
  }
}

}  // namespace

Session::Session(Engine& engine, const PromptBuilder& prompts)
    : engine_(engine), prompts_(prompts),
      markers_(ReasoningParser::special_markers(engine.model().tokenizer())),
      conversation_(prompts.opening()),
      tokens_(engine.model().tokenizer(),
              [&prompts](std::string_view text) { return prompts.tokens(text); }) {}

// The tokens of the conversation, with turns forgotten where they do not fit together with the
// `answered` tokens of an answer that goes on. Empty where nothing can be forgotten for it.
std::vector<Token> Session::prompt(std::size_t answered, const AnswerOptions& options,
                                   AnswerReport& report) {
  std::size_t most = engine_.context() - 1;
  for (;;) {
    text_ = prompts_.text(conversation_.visible());
    auto tokens = tokens_.of(text_);
    if (tokens.size() + answered <= most) return tokens;
    if (options.when_full == WhenFull::shift && conversation_.forget_oldest()) {
      ++report.forgotten_turns;
      most = engine_.context() - std::max<std::size_t>(kept_free(engine_.context()), 1);
      continue;
    }
    // The last turn may use what a shift would leave free.
    if (tokens.size() + answered < engine_.context()) return tokens;
    if (answered) return {};
    refuse(tokens.size(), options);
  }
}

void Session::refuse(std::size_t tokens, const AnswerOptions& options) const {
  const bool alone = conversation_.turns() - conversation_.forgotten() < 2;
  std::string message = alone ? "message" : "conversation";
  message += ": expected fewer than " + std::to_string(engine_.context()) +
             " tokens, the context, found " + std::to_string(tokens) + "; ";
  if (!alone) message += "/reset starts anew, ";
  if (!alone && options.when_full == WhenFull::stop)
    message += "/set context-full shift forgets the oldest turns, ";
  throw Error(ErrorCode::usage, message + "--ctx makes the context longer");
}

AnswerReport Session::answer(const AnswerOptions& options, const Audience& audience) {
  AnswerReport report;
  try {
    run(options, audience, report);
  } catch (...) {
    conversation_.remember(report.forgotten_turns);
    throw;
  }
  if (report.reason != FinishReason::cancelled || !report.content.empty())
    conversation_.add_answer(report.content, report.reasoning);
  return report;
}

void Session::run(const AnswerOptions& options, const Audience& audience, AnswerReport& report) {
  std::vector<Token> answer, tokens = prompt(0, options, report);
  ReasoningParser parser(text_);
  std::string text;
  report.prompt_tokens = static_cast<std::uint32_t>(tokens.size());
  for (;;) {
    audience.waiting(tokens_.fresh());
    // Where turns can be forgotten, the last token that has room is drawn and nothing flushed: the
    // answer goes on as if it had not been interrupted.
    const bool shifts = options.when_full == WhenFull::shift;
    std::size_t room = engine_.context() - tokens.size();
    Request request = options.request;
    request.prompt = tokens;
    request.answered = answer.size();
    request.spelled = markers_;
    if (request.max_tokens >= 0) request.max_tokens -= static_cast<std::int64_t>(answer.size());
    request.on_token = [&](Token, std::string_view piece) {
      text += piece;
      add(report, parser.push(piece), audience);
      if (room > 0) --room;
      return !(shifts && room == 0) && !interrupted.load();
    };
    const Result result = run_until_interrupted(engine_, std::move(request));
    if (result.reason == FinishReason::failed) throw Error(ErrorCode::invalid, result.message);

    if (answer.empty()) {
      report.reused_tokens = result.reused_tokens;
      report.seed = result.seed;
    }
    answer.insert(answer.end(), result.tokens.begin(), result.tokens.end());
    report.prefill_seconds += result.prefill_seconds;
    report.decode_seconds += result.decode_seconds;
    report.context_tokens =
        std::min<std::size_t>(tokens.size() + result.tokens.size(), engine_.context());
    report.reason = result.reason;
    if (result.reason != FinishReason::cancelled || interrupted.load()) break;
    report.reason = FinishReason::context_full;
    tokens = prompt(answer.size(), options, report);
    if (tokens.empty()) break;
    tokens.insert(tokens.end(), answer.begin(), answer.end());
  }
  add(report, parser.finish(), audience);
  report.answer_tokens = answer.size();
  // Tokens of a stop text are in the answer and its text is not.
  if (report.reason != FinishReason::stop || options.request.stop.empty())
    tokens_.answered(std::move(text), std::move(answer));
}

}  // namespace quipu::app
