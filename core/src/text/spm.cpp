#include "text/spm.h"

#include <array>
#include <bit>
#include <charconv>

#include "quipu/error.h"
#include "text/fragments.h"
#include "text/merges.h"
#include "text/vocabulary.h"

namespace quipu {
namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581

// The byte that "<0xAB>" spells, or -1.
int spelled_byte(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return -1;
  unsigned value = 0;
  const char* const end = text.data() + 5;
  const auto [rest, error] = std::from_chars(text.data() + 3, end, value, 16);
  return error == std::errc() && rest == end ? static_cast<int>(value) : -1;
}

// Bytes that the lead byte of a UTF-8 sequence announces.
std::size_t announced(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

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

// Higher scores first: the bits of a float rise with its magnitude.
std::uint32_t rank(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // so that -0 is 0
  const std::uint32_t sign = 0x80000000u;
  return bits & sign ? bits : ~bits & ~sign;
}

class Spm final : public Tokenizer {
 public:
  Spm(const Metadata& metadata, std::vector<std::string>* warnings)
      : vocabulary_(metadata,
                    {.add_bos = true,
                     .add_eos = false,
                     .add_space_prefix = true,
                     .bos = 1,
                     .eos = 2,
                     .unknown = 0},
                    warnings) {
    if (!vocabulary_.has_scores())
      throw Error(ErrorCode::invalid,
                  "tokenizer.ggml.scores: expected a score for each token, found no such key");
    ranks_.reserve(vocabulary_.size());
    byte_tokens_.fill(-1);
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
      const auto token = static_cast<Token>(i);
      ranks_.push_back(rank(vocabulary_.score(token)));
      if (vocabulary_.type(token) != TokenType::byte) continue;
      const int byte = spelled_byte(vocabulary_.text(token));
      if (byte >= 0)
        byte_tokens_[static_cast<std::size_t>(byte)] = token;
      else if (warnings)
        warnings->push_back("tokenizer.ggml.tokens: byte token " + std::to_string(i) +
                            ": expected <0x00> to <0xFF>, found '" +
                            printable(vocabulary_.text(token)) + "'");
    }
  }

  std::string_view kind() const noexcept override { return "spm"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }
  std::size_t size() const noexcept override { return vocabulary_.size(); }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    std::vector<Token> out;
    if (options.add_special && vocabulary_.add_bos) out.push_back(vocabulary_.bos);
    Merger merger;
    bool after_special = true;
    for_each_fragment(
        vocabulary_.recognised(options.parse_special), text,
        [&](std::string_view plain) {
          std::string prefixed = vocabulary_.add_space_prefix && after_special
                                     ? std::string(space_mark)
                                     : std::string();
          encode_text(prefixed + marked(plain), merger, out);
          after_special = false;
        },
        [&](Token token) {
          out.push_back(token);
          after_special = true;
        });
    if (options.add_special && vocabulary_.add_eos) out.push_back(vocabulary_.eos);
    return out;
  }

  std::string piece(Token token, bool special) const override {
    const auto text = vocabulary_.text(token);
    switch (vocabulary_.type(token)) {
    case TokenType::control:
    case TokenType::unknown:
      return special ? std::string(text) : std::string();
    case TokenType::user_defined:
      return std::string(text);
    case TokenType::unused:
      return {};
    case TokenType::byte:
      if (const int byte = spelled_byte(text); byte >= 0)
        return std::string(1, static_cast<char>(byte));
      break;
    default:
      break;
    }
    return unmarked(text);
  }

  std::string_view spelling(Token token) const override { return vocabulary_.text(token); }
  bool ends_generation(Token token) const noexcept override {
    return vocabulary_.ends_generation(token);
  }
  bool is_special(Token token) const noexcept override {
    return vocabulary_.contains(token) && vocabulary_.is_special(token);
  }
  Token bos() const noexcept override { return vocabulary_.bos; }
  Token eos() const noexcept override { return vocabulary_.eos; }
  bool adds_bos() const noexcept override { return vocabulary_.add_bos; }

 protected:
  bool drops_leading_space() const noexcept override { return vocabulary_.add_space_prefix; }

 private:
  void encode_text(std::string_view text, Merger& merger, std::vector<Token>& out) const {
    merger.clear();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = std::min(announced(text[at]), text.size() - at);
      merger.add(vocabulary_.find(text.substr(at, size)), at, size);
      at += size;
    }
    merger.run([&](const Symbol& left, const Symbol& right) -> Merge {
      const std::size_t size = std::size_t{left.size} + right.size;
      if (size > vocabulary_.longest()) return {0, -1};
      const Token token = vocabulary_.find(text.substr(left.first, size));
      return {token < 0 ? 0 : ranks_[static_cast<std::size_t>(token)], token};
    });
    for (const auto& symbol : merger.symbols()) {
      if (symbol.size == 0) continue;
      if (symbol.token >= 0) {
        out.push_back(symbol.token);
        continue;
      }
      for (const char c : text.substr(symbol.first, symbol.size)) {
        const Token token = byte_tokens_[static_cast<unsigned char>(c)];
        if (token >= 0)
          out.push_back(token);
        else if (vocabulary_.unknown >= 0)
          out.push_back(vocabulary_.unknown);
      }
    }
  }

  Vocabulary vocabulary_;
  std::vector<std::uint32_t> ranks_;
  std::array<Token, 256> byte_tokens_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_spm(const Metadata& metadata, std::vector<std::string>* warnings) {
  return std::make_unique<Spm>(metadata, warnings);
}

}  // namespace quipu
