#include "text/rwkv.h"

#include <algorithm>

#include "text/prefix_tree.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

// The value of a hexadecimal digit, or -1.
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Files spell tokens, which are any bytes, as Python spells bytes: \t, \n, \r, \\, \' and \xAB.
// Appends what the spelling stands for; a backslash before anything else is left out.
void append_unescaped(std::string& out, std::string_view spelling) {
  for (std::size_t at = 0; at < spelling.size(); ++at) {
    if (spelling[at] != '\\' || at + 1 == spelling.size()) {
      out += spelling[at];
      continue;
    }
    const char c = spelling[++at];
    const bool hex = c == 'x' && at + 2 < spelling.size() && digit(spelling[at + 1]) >= 0 &&
                     digit(spelling[at + 2]) >= 0;
    if (hex) {
      out += static_cast<char>(digit(spelling[at + 1]) * 16 + digit(spelling[at + 2]));
      at += 2;
    } else {
      out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
  }
}

class Rwkv final : public VocabularyTokenizer {
 public:
  Rwkv(const Metadata& metadata, std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata, {}, warnings) {
    std::vector<std::size_t> ends;
    ends.reserve(vocabulary_.size());
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
      append_unescaped(bytes_, vocabulary_.text(static_cast<Token>(i)));
      ends.push_back(bytes_.size());
    }
    std::vector<PrefixTree::Entry> entries;
    entries.reserve(vocabulary_.size());
    texts_.reserve(vocabulary_.size());
    for (std::size_t i = 0, first = 0; i < vocabulary_.size(); first = ends[i++]) {
      const auto token = static_cast<Token>(i);
      texts_.push_back(std::string_view(bytes_).substr(first, ends[i] - first));
      // The other types have no bytes: "<s>" in a text is three characters.
      if (vocabulary_.type(token) == TokenType::normal) entries.push_back({texts_[i], token});
    }
    tree_ = PrefixTree(std::move(entries));
  }

  std::string_view kind() const noexcept override { return "rwkv"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    return framed(vocabulary_.recognised(options.parse_special), text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    while (!plain.empty()) {
                      const auto found = tree_.longest_prefix(plain);
                      const Token token = found.token >= 0 ? found.token : vocabulary_.unknown;
                      if (token >= 0) out.push_back(token);
                      plain.remove_prefix(std::max<std::size_t>(found.text.size(), 1));
                    }
                  });
  }

  std::string piece(Token token, bool special) const override {
    if (auto fixed = vocabulary_.fixed_piece(token, special)) return *std::move(fixed);
    return std::string(texts_[static_cast<std::size_t>(token)]);
  }

 private:
  std::string bytes_;
  std::vector<std::string_view> texts_;  // views of bytes_, by token
  PrefixTree tree_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_rwkv(const Metadata& metadata, std::vector<std::string>* warnings) {
  return std::make_unique<Rwkv>(metadata, warnings);
}

}  // namespace quipu
