// A conversation with a model: each answer goes on from all that was said.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chat/conversation.h"
#include "chat/prompt_tokens.h"
#include "prompt.h"
#include "quipu/engine.h"
#include "reasoning.h"

namespace quipu::app {

enum class WhenFull {
  stop,  ///< the answer ends, and a message that does not fit is refused
  shift  ///< the oldest turns are forgotten
};

struct AnswerOptions {
  Request request;  ///< without a prompt: how to draw, and when to end
  WhenFull when_full = WhenFull::stop;
};

struct AnswerReport {
  std::string content, reasoning;
  FinishReason reason = FinishReason::none;
  std::uint32_t prompt_tokens = 0, reused_tokens = 0;
  std::size_t answer_tokens = 0;
  std::size_t context_tokens = 0;   ///< in use after the answer
  std::size_t forgotten_turns = 0;  ///< for this answer, with those forgotten within it
  std::uint64_t seed = 0;
  double prefill_seconds = 0, decode_seconds = 0;
};

/// Who sees an answer come.
struct Audience {
  std::function<void(const AnswerPart&)> part;
  /// About how many tokens run before the answer begins.
  std::function<void(std::size_t tokens)> waiting;
};

class Session {
 public:
  /// Both outlive the session.
  Session(Engine& engine, const PromptBuilder& prompts);

  Conversation& conversation() noexcept { return conversation_; }

  /// Answers the last turn and adds the answer to the conversation. Ctrl-C ends it
  /// (FinishReason::cancelled): what there is of it stays, an answer without content is not added.
  /// Throws usage for a conversation that does not fit the context, invalid for what the template
  /// refuses or the engine fails at; then nothing is added or forgotten.
  AnswerReport answer(const AnswerOptions& options, const Audience& audience);

 private:
  void run(const AnswerOptions& options, const Audience& audience, AnswerReport& report);
  std::vector<Token> prompt(std::size_t answered, const AnswerOptions& options,
                            AnswerReport& report);
  [[noreturn]] void refuse(std::size_t tokens, const AnswerOptions& options) const;

  Engine& engine_;
  const PromptBuilder& prompts_;
  const std::vector<Token> markers_;
  Conversation conversation_;
  PromptTokens tokens_;
  std::string text_;  // the last prompt
};

}  // namespace quipu::app
