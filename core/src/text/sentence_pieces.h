// What vocabularies in the manner of SentencePiece share: U+2581 in place of spaces, and a token
// for each byte that no piece spells, "<0x00>" to "<0xFF>".
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace quipu {

inline constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

/// The text with each space marked.
std::string marked(std::string_view text);

/// Bytes of a token as they appear in text; special ones give "" unless `special`.
std::string sentence_piece(const Vocabulary& vocabulary, Token token, bool special);

class ByteTokens {
 public:
  /// Those of type byte. What they spell counts, not their order; one that spells no byte is warned
  /// of and not used.
  ByteTokens(const Vocabulary& vocabulary, std::vector<std::string>* warnings);

  /// -1 = none.
  Token operator[](char byte) const { return tokens_[static_cast<unsigned char>(byte)]; }
  bool complete() const noexcept;
  /// Tokens of the bytes; `unknown` for those that have none, unless it is -1.
  void append(std::string_view bytes, Token unknown, std::vector<Token>& out) const;

 private:
  std::array<Token, 256> tokens_;
};

}  // namespace quipu
