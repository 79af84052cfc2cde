// Tokens of the prompts of one conversation: what the model has written keeps the tokens that it
// was written in, so that its cache is good for the next turn.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu::app {

class PromptTokens {
 public:
  /// `encode_whole` gives the tokens of a text from its start. Both outlive this.
  PromptTokens(const Tokenizer& tokenizer,
               std::function<std::vector<Token>(std::string_view)> encode_whole)
      : tokenizer_(tokenizer), encode_whole_(std::move(encode_whole)) {}

  /// The tokens of a prompt. Where it begins like the one before, those stay the same.
  std::vector<Token> of(std::string_view text);
  /// How many tokens of the last prompt were not in the one before or the answer to it.
  std::size_t fresh() const noexcept { return fresh_; }
  /// What the model wrote after the last prompt, and the text that messages have of it.
  void answered(std::string text, std::vector<Token> tokens);

 private:
  struct Piece {
    std::string text;
    std::vector<Token> tokens;
  };

  bool add_after_known(std::string_view text);

  const Tokenizer& tokenizer_;
  std::function<std::vector<Token>(std::string_view)> encode_whole_;
  std::vector<Piece> pieces_;  // of the last prompt and the answer to it, in order
  std::size_t fresh_ = 0;
};

}  // namespace quipu::app
