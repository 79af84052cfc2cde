#include "text/bpe.h"

#include <array>
#include <bit>

#include "quipu/error.h"
#include "text/fragments.h"
#include "text/merges.h"
#include "text/pre_tokenizer.h"
#include "text/vocabulary.h"

namespace quipu {
namespace {

// GPT-2 spells bytes as code points: printable Latin-1 as itself, the 68 others as U+0100 and up,
// in order.
constexpr std::array<std::uint16_t, 256> byte_code_points = [] {
  std::array<std::uint16_t, 256> table{};
  std::uint16_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table[static_cast<std::size_t>(byte)] = printable ? static_cast<std::uint16_t>(byte) : next++;
  }
  return table;
}();

constexpr std::array<std::int16_t, 324> code_point_bytes = [] {
  std::array<std::int16_t, 324> table{};
  for (auto& byte : table) byte = -1;
  for (int byte = 0; byte < 256; ++byte)
    table[byte_code_points[static_cast<std::size_t>(byte)]] = static_cast<std::int16_t>(byte);
  return table;
}();

void append_spelled(std::string& out, unsigned char byte) {
  const unsigned code = byte_code_points[byte];
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  }
}

// Bytes that a token's spelling stands for; what is not spelled that way stays as it is.
std::string unspelled(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    unsigned code = lead;
    std::size_t length = 1;
    if ((lead & 0xE0) == 0xC0 && at + 1 < text.size()) {
      code = (lead & 31u) << 6 | (static_cast<unsigned char>(text[at + 1]) & 63u);
      length = 2;
    }
    const bool spelled = (length == 2 || lead < 0x80) && code < code_point_bytes.size() &&
                         code_point_bytes[code] >= 0;
    if (spelled)
      out += static_cast<char>(code_point_bytes[code]);
    else
      out += text.substr(at, length);
    at += length;
  }
  return out;
}

// Pairs of tokens to the rank of their merge and the token that comes of it.
class MergeTable {
 public:
  explicit MergeTable(std::size_t count) : slots_(std::bit_ceil(count * 2 + 2)) {}

  void insert(Token left, Token right, std::int32_t rank, Token merged) {
    Slot& slot = slots_[place(left, right)];
    if (slot.rank < 0) slot = {left, right, rank, merged};
  }
  std::pair<double, Token> find(Token left, Token right) const {
    if (left < 0 || right < 0) return {0, -1};
    const Slot& slot = slots_[place(left, right)];
    return {slot.rank, slot.rank < 0 ? -1 : slot.merged};
  }

 private:
  struct Slot {
    Token left, right;
    std::int32_t rank = -1;
    Token merged;
  };
  std::size_t place(Token left, Token right) const {
    const std::uint64_t key = static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
                              static_cast<std::uint32_t>(right);
    const std::size_t mask = slots_.size() - 1;
    // Multiplicative hashing (Knuth, TAOCP 3, section 6.4) with 2^64 / golden ratio.
    std::size_t at = (key * 0x9E3779B97F4A7C15u >> 20) & mask;
    while (slots_[at].rank >= 0 && (slots_[at].left != left || slots_[at].right != right))
      at = (at + 1) & mask;
    return at;
  }
  std::vector<Slot> slots_;
};

class Bpe final : public Tokenizer {
 public:
  Bpe(const Metadata& metadata, std::string_view pre, std::vector<std::string>* warnings)
      : name_(pre), pre_(pre, warnings),
        vocabulary_(metadata, {.add_bos = pre_.adds_bos()}, warnings),
        merges_(read_merges(metadata)) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text;
      append_spelled(text, static_cast<unsigned char>(byte));
      byte_tokens_[static_cast<std::size_t>(byte)] = vocabulary_.find(text);
    }
  }

  std::string_view kind() const noexcept override { return "bpe"; }
  std::string_view pre_tokenizer() const noexcept override { return name_; }
  std::size_t size() const noexcept override { return vocabulary_.size(); }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    std::vector<Token> out;
    if (options.add_special && vocabulary_.add_bos) out.push_back(vocabulary_.bos);
    std::vector<Symbol> symbols;
    for_each_fragment(
        vocabulary_, text, options.parse_special,
        [&](std::string_view plain) {
          pre_.split(plain, [&](std::string_view word) { encode_word(word, symbols, out); });
        },
        [&](Token token) { out.push_back(token); });
    if (options.add_special && vocabulary_.add_eos) out.push_back(vocabulary_.eos);
    return out;
  }

  std::string piece(Token token, bool special) const override {
    const auto type = vocabulary_.type(token);
    if (vocabulary_.is_special(token))
      return special ? std::string(vocabulary_.text(token)) : std::string();
    if (type == TokenType::user_defined) return std::string(vocabulary_.text(token));
    return unspelled(vocabulary_.text(token));
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

 private:
  MergeTable read_merges(const Metadata& metadata) const {
    const auto merges = metadata.texts("tokenizer.ggml.merges");
    if (!merges)
      throw Error(ErrorCode::invalid,
                  "tokenizer.ggml.merges: expected the list of merges, found no such key");
    MergeTable table(merges->size());
    std::string joined;
    for (std::size_t rank = 0; rank < merges->size(); ++rank) {
      const std::string_view merge = (*merges)[rank];
      const auto space = merge.find(' ', 1);
      if (space == std::string_view::npos) continue;
      const auto left = merge.substr(0, space), right = merge.substr(space + 1);
      joined.assign(left).append(right);
      const Token a = vocabulary_.find(left), b = vocabulary_.find(right),
                  c = vocabulary_.find(joined);
      if (a >= 0 && b >= 0 && c >= 0) table.insert(a, b, static_cast<std::int32_t>(rank), c);
    }
    return table;
  }

  void encode_word(std::string_view word, std::vector<Symbol>& symbols,
                   std::vector<Token>& out) const {
    if (pre_.whole_words()) {
      std::string spelled;
      for (const char c : word) append_spelled(spelled, static_cast<unsigned char>(c));
      if (const Token token = vocabulary_.find(spelled); token >= 0) {
        out.push_back(token);
        return;
      }
    }
    symbols.clear();
    for (std::size_t i = 0; i < word.size(); ++i) {
      const auto at = static_cast<std::int32_t>(i);
      symbols.push_back({byte_tokens_[static_cast<unsigned char>(word[i])],
                         static_cast<std::uint32_t>(i), 1, at - 1,
                         i + 1 < word.size() ? at + 1 : -1});
    }
    merge_symbols(symbols,
                  [&](const Symbol& a, const Symbol& b) { return merges_.find(a.token, b.token); });
    for (const auto& symbol : symbols)
      if (symbol.size) {
        // A byte that the vocabulary cannot spell is the unknown token, where there is one.
        if (symbol.token >= 0)
          out.push_back(symbol.token);
        else if (vocabulary_.unknown >= 0)
          out.push_back(vocabulary_.unknown);
      }
  }

  std::string name_;
  PreTokenizer pre_;
  Vocabulary vocabulary_;
  MergeTable merges_;
  std::array<Token, 256> byte_tokens_{};
};

}  // namespace

std::unique_ptr<Tokenizer> make_bpe(const Metadata& metadata, std::vector<std::string>* warnings) {
  return std::make_unique<Bpe>(metadata, metadata.text("tokenizer.ggml.pre").value_or(""),
                               warnings);
}

}  // namespace quipu
