#include "text/spm.h"

#include <bit>

#include "quipu/error.h"
#include "text/merged_characters.h"
#include "text/sentence_pieces.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

// Higher scores first: the bits of a float rise with its magnitude.
std::uint32_t rank(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // so that -0 is 0
  const std::uint32_t sign = 0x80000000u;
  return bits & sign ? bits : ~bits & ~sign;
}

class Spm final : public VocabularyTokenizer {
 public:
  Spm(const Metadata& metadata, std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata,
                            {.add_bos = true,
                             .add_eos = false,
                             .add_space_prefix = true,
                             .bos = 1,
                             .eos = 2,
                             .unknown = 0},
                            warnings),
        byte_tokens_(vocabulary_, warnings) {
    if (!vocabulary_.has_scores())
      throw Error(ErrorCode::invalid,
                  "tokenizer.ggml.scores: expected a score for each token, found no such key");
  }

  std::string_view kind() const noexcept override { return "spm"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    Merger merger;
    return framed(vocabulary_.recognised(options.parse_special), text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    const std::string_view prefix =
                        vocabulary_.add_space_prefix ? space_mark : std::string_view();
                    encode_text(std::string(prefix) + marked(plain), merger, out);
                  });
  }

  std::string piece(Token token, bool special) const override {
    return sentence_piece(vocabulary_, token, special);
  }

 protected:
  bool drops_leading_space() const noexcept override { return vocabulary_.add_space_prefix; }

 private:
  void encode_text(std::string_view text, Merger& merger, std::vector<Token>& out) const {
    const auto find = [&](const Symbol& left, const Symbol& right) -> Merge {
      const std::size_t size = std::size_t{left.size} + right.size;
      if (size > vocabulary_.longest()) return {0, -1};
      const Token token = vocabulary_.find(text.substr(left.first, size));
      return {token < 0 ? 0 : rank(vocabulary_.score(token)), token};
    };
    append_merged(vocabulary_, byte_tokens_, text, merger, find, out);
  }

  ByteTokens byte_tokens_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_spm(const Metadata& metadata, std::vector<std::string>* warnings) {
  return std::make_unique<Spm>(metadata, warnings);
}

}  // namespace quipu
