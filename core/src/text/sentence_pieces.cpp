#include "text/sentence_pieces.h"

#include <algorithm>
#include <charconv>

#include "quipu/error.h"

namespace quipu {
namespace {

// The byte that "<0xAB>" spells, or -1.
int spelled_byte(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return -1;
  unsigned value = 0;
  const char* const end = text.data() + 5;
  const auto [rest, error] = std::from_chars(text.data() + 3, end, value, 16);
  return error == std::errc() && rest == end ? static_cast<int>(value) : -1;
}

std::string unmarked(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with(space_mark)) {
      out += ' ';
      at += space_mark.size();
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace

std::string marked(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    if (c == ' ')
      out += space_mark;
    else
      out += c;
  }
  return out;
}

std::string sentence_piece(const Vocabulary& vocabulary, Token token, bool special) {
  if (auto fixed = vocabulary.fixed_piece(token, special)) return *std::move(fixed);
  const auto text = vocabulary.text(token);
  if (vocabulary.type(token) == TokenType::byte)
    if (const int byte = spelled_byte(text); byte >= 0)
      return std::string(1, static_cast<char>(byte));
  return unmarked(text);
}

ByteTokens::ByteTokens(const Vocabulary& vocabulary, std::vector<std::string>* warnings) {
  tokens_.fill(-1);
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (vocabulary.type(token) != TokenType::byte) continue;
    const int byte = spelled_byte(vocabulary.text(token));
    if (byte >= 0)
      tokens_[static_cast<std::size_t>(byte)] = token;
    else if (warnings)
      warnings->push_back("tokenizer.ggml.tokens: byte token " + std::to_string(i) +
                          ": expected <0x00> to <0xFF>, found '" +
                          printable(vocabulary.text(token)) + "'");
  }
}

bool ByteTokens::complete() const noexcept {
  return std::ranges::find(tokens_, Token{-1}) == tokens_.end();
}

void ByteTokens::append(std::string_view bytes, Token unknown, std::vector<Token>& out) const {
  for (const char byte : bytes) {
    const Token token = (*this)[byte];
    if (token >= 0 || unknown >= 0) out.push_back(token >= 0 ? token : unknown);
  }
}

}  // namespace quipu
