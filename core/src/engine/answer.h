// One request under way: from logits to tokens, text and the reason to end.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "engine/stop_texts.h"
#include "quipu/engine.h"
#include "text/banned_texts.h"

namespace quipu {

class Answer {
 public:
  /// `reused` tokens of the prompt are in the cache. The tokenizer must outlive the answer.
  Answer(Request request, const Tokenizer& tokenizer, std::size_t vocabulary, std::size_t reused);

  const std::vector<Token>& prompt() const noexcept { return request_.prompt; }
  /// The token that must run next; nullopt while the prompt has not run.
  std::optional<Token> next() const noexcept { return next_; }

  /// Tokens that the request still allows.
  std::size_t tokens_left() const noexcept;
  /// Tokens were guessed, and so many of them held.
  void note_guesses(std::size_t guessed, std::size_t held) noexcept {
    result_.guessed_tokens += static_cast<std::uint32_t>(guessed);
    result_.held_guesses += static_cast<std::uint32_t>(held);
  }

  /// Draws the next token and shows its text. `full`: the context has no place for it. Never
  /// throws: what goes wrong ends this answer alone.
  void add(std::span<const float> logits, bool full) noexcept;
  /// Ends it, unless it has ended.
  void finish(FinishReason reason, std::string message = {});

  bool finished() const noexcept { return result_.reason != FinishReason::none; }
  /// Once finished.
  Result take() { return std::move(result_); }

 private:
  using Clock = std::chrono::steady_clock;

  const TokenSet* allowed();  // null: all tokens
  void draw(std::span<const float> logits, bool full);
  bool has_text(Token token) const;
  std::string text_of(Token token);
  FinishReason reason_to_end(bool full) const;
  void show(const std::string& text);

  Request request_;
  const Tokenizer& tokenizer_;
  Sampler sampler_;
  TextStream text_;
  StopTexts stop_;
  std::optional<BannedTexts> banned_;
  std::optional<GrammarMatcher> grammar_;
  TokenSet both_;  // what the grammar allows and no banned text forbids
  Result result_;
  std::optional<Token> next_;
  Clock::time_point started_ = Clock::now(), first_token_{};
};

}  // namespace quipu
