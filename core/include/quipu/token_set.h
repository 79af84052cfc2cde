// A set of tokens: what a grammar allows, what banned texts leave.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu {

/// A bit per token of a vocabulary: token t is bit t % 64 of word t / 64. Bits past the size are
/// 0. Ids outside the size are in no set: test() says false, set() and clear() do nothing.
class TokenSet {
 public:
  /// Empty, of a vocabulary of `size` tokens.
  explicit TokenSet(std::size_t size = 0) : size_(size), words_((size + 63) / 64) {}

  std::size_t size() const noexcept { return size_; }
  bool test(Token token) const noexcept { return holds(token) && (word(token) & bit(token)) != 0; }
  void set(Token token) noexcept {
    if (holds(token)) words_[index(token)] |= bit(token);
  }
  void clear(Token token) noexcept {
    if (holds(token)) words_[index(token)] &= ~bit(token);
  }
  void set_all() noexcept {
    for (auto& word : words_) word = ~std::uint64_t{0};
    if (size_ % 64 != 0) words_.back() >>= 64 - size_ % 64;
  }
  void clear_all() noexcept {
    for (auto& word : words_) word = 0;
  }
  std::size_t count() const noexcept {
    std::size_t tokens = 0;
    for (const auto word : words_) tokens += static_cast<std::size_t>(std::popcount(word));
    return tokens;
  }

  /// Keeps what the other set has, too; tokens past its size it has not.
  TokenSet& operator&=(const TokenSet& other) noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i)
      words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
    return *this;
  }
  /// Adds what the other set has; tokens past this one's size it has not.
  TokenSet& operator|=(const TokenSet& other) noexcept {
    for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i)
      words_[i] |= other.words_[i];
    if (size_ % 64 != 0) words_.back() &= ~std::uint64_t{0} >> (64 - size_ % 64);
    return *this;
  }
  /// Takes away what the other set has.
  TokenSet& operator-=(const TokenSet& other) noexcept {
    for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i)
      words_[i] &= ~other.words_[i];
    return *this;
  }
  bool operator==(const TokenSet&) const = default;

  /// Valid while the set lives and is not assigned to.
  std::span<const std::uint64_t> words() const noexcept { return words_; }

 private:
  bool holds(Token token) const noexcept {
    return token >= 0 && static_cast<std::size_t>(token) < size_;
  }
  static std::size_t index(Token token) noexcept { return static_cast<std::size_t>(token) / 64; }
  static std::uint64_t bit(Token token) noexcept { return std::uint64_t{1} << (token % 64); }
  std::uint64_t word(Token token) const noexcept { return words_[index(token)]; }

  std::size_t size_;
  std::vector<std::uint64_t> words_;
};

}  // namespace quipu
