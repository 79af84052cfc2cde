// Texts at which DRY stops to look for repetitions, as sequences of tokens.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu {

/// As llama.cpp finds them: a token that has the whole text in it breaks alone; one that ends in
/// the text's beginning breaks when the tokens of the rest follow it.
class DryBreakers {
 public:
  DryBreakers() = default;
  DryBreakers(const Tokenizer& tokenizer, std::span<const std::string> texts);

  /// Tokens of the longest breaker that begins at this place of a history; nullopt: none does.
  std::optional<std::size_t> length_at(std::span<const Token> history, std::size_t place) const;
  /// A breaker of this token alone.
  bool breaks(Token token) const;

 private:
  void add(Token head, std::vector<Token> tail);

  std::unordered_map<Token, std::vector<std::vector<Token>>> tails_;
};

}  // namespace quipu
