#include "text/bpe.h"

#include <array>

#include "text/byte_spelling.h"
#include "text/merge_ranks.h"
#include "text/merges.h"
#include "text/pre_tokenizer.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

class Bpe final : public VocabularyTokenizer {
 public:
  Bpe(const Metadata& metadata, std::string_view name, std::unique_ptr<PreTokenizer> pre,
      std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata, {.add_bos = pre->adds_bos()}, warnings), name_(name),
        pre_(std::move(pre)), ranks_(read_merges(metadata)) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text;
      append_spelled(text, static_cast<unsigned char>(byte));
      byte_tokens_[static_cast<std::size_t>(byte)] = vocabulary_.find(text);
    }
  }

  std::string_view kind() const noexcept override { return "bpe"; }
  std::string_view pre_tokenizer() const noexcept override { return name_; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    Work work;
    return framed(vocabulary_.recognised(options.parse_special), text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    pre_->split(plain,
                                [&](std::string_view word) { encode_word(word, work, out); });
                  });
  }

  std::string piece(Token token, bool special) const override {
    if (auto fixed = vocabulary_.fixed_piece(token, special)) return *std::move(fixed);
    return unspelled(vocabulary_.text(token));
  }

 private:
  // Of one call: buffers, and the merges looked up last, because neighbours recur.
  struct Work {
    struct Pair {
      Token left = -1, right = -1;
      Merge merge{};
    };
    std::string spelled;
    Merger merger;
    std::array<Pair, 512> pairs{};
  };

  static std::size_t pair_slot(Token left, Token right) noexcept {
    const auto mixed = static_cast<std::uint32_t>(left) * 0x9E3779B1u +
                       static_cast<std::uint32_t>(right) * 0x85EBCA77u;
    return mixed >> 23;
  }

  Merge look_up(std::string_view joined, std::size_t left_size) const {
    const auto rank = ranks_.find(joined.substr(0, left_size), joined.substr(left_size));
    if (rank < 0) return {0, -1};
    return {static_cast<std::uint32_t>(rank), vocabulary_.find(joined)};
  }

  void encode_word(std::string_view word, Work& work, std::vector<Token>& out) const {
    std::string& spelled = work.spelled;
    spelled.clear();
    work.merger.clear();
    for (const char c : word) {
      const auto byte = static_cast<unsigned char>(c);
      const std::size_t first = spelled.size();
      append_spelled(spelled, byte);
      work.merger.add(byte_tokens_[byte], first, spelled.size() - first);
    }
    if (pre_->whole_words())
      if (const Token token = vocabulary_.find(spelled); token >= 0) {
        out.push_back(token);
        return;
      }
    work.merger.run([&](const Symbol& left, const Symbol& right) -> Merge {
      if (left.token < 0 || right.token < 0) return {0, -1};
      auto& known = work.pairs[pair_slot(left.token, right.token)];
      if (known.left != left.token || known.right != right.token)
        known = {left.token, right.token,
                 look_up(std::string_view(spelled).substr(left.first,
                                                          std::size_t{left.size} + right.size),
                         left.size)};
      return known.merge;
    });
    // Bytes that the vocabulary cannot spell are left out.
    for (const auto& symbol : work.merger.symbols())
      if (symbol.size && symbol.token >= 0) out.push_back(symbol.token);
  }

  std::string name_;
  std::unique_ptr<PreTokenizer> pre_;
  MergeRanks ranks_;
  std::array<Token, 256> byte_tokens_{};
};

}  // namespace

std::unique_ptr<Tokenizer> make_bpe(const Metadata& metadata, std::vector<std::string>* warnings) {
  const auto name = metadata.text("tokenizer.ggml.pre").value_or("");
  return std::make_unique<Bpe>(metadata, name, std::make_unique<PreTokenizer>(name, warnings),
                               warnings);
}

}  // namespace quipu
