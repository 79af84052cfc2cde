// The bytes of all tokens that have some, as tries: what walks them sees each shared beginning
// once.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu {

/// Immutable. Special tokens and those without bytes are in no trie.
class TokenPieces {
 public:
  /// A beginning of pieces. Nodes lie so that all that begin with a node's bytes follow it, up to
  /// its end; node 0 is the empty beginning.
  struct Node {
    std::uint32_t end;
    std::uint32_t first_token, tokens;  ///< of Trie::tokens: those whose bytes end here
    std::uint16_t depth;                ///< bytes up to here
    std::uint16_t height;               ///< most bytes that follow
    std::uint8_t byte;                  ///< the last of them; of no meaning for node 0
  };
  struct Trie {
    std::vector<Node> nodes;
    std::vector<Token> tokens;
  };

  explicit TokenPieces(const Tokenizer& tokenizer);

  /// Short pieces, longer ones and the few that are longer still, so that what depends on how far a
  /// token reaches is cheap for most. None is empty.
  std::span<const Trie> tries() const noexcept { return tries_; }
  /// "" for tokens that are in no trie.
  std::string_view piece(Token token) const noexcept {
    const auto index = static_cast<std::size_t>(token);
    return std::string_view(bytes_).substr(starts_[index], starts_[index + 1] - starts_[index]);
  }
  std::size_t vocabulary() const noexcept { return starts_.size() - 1; }
  std::span<const Token> ends() const noexcept { return ends_; }  ///< of generation
  bool ends_generation(Token token) const noexcept;

 private:
  std::string bytes_;
  std::vector<std::uint32_t> starts_;
  std::vector<Trie> tries_;
  std::vector<Token> ends_;
};

}  // namespace quipu
