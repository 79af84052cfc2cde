#include "text/plamo2.h"

#include <cmath>

#include "text/prefix_tree.h"
#include "text/sentence_pieces.h"
#include "text/utf8.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

// Scores are whole numbers of 1/10,000; a piece below `least` is none, and a character that is
// spelled in bytes has `unknown`.
constexpr double unit = 1e4;
constexpr std::int64_t least = -20'000'000, unknown = -10'000'000;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

class Plamo2 final : public VocabularyTokenizer {
 public:
  Plamo2(const Metadata& metadata, std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata, {.bos = 1, .eos = 2, .unknown = 0}, warnings),
        byte_tokens_(vocabulary_, warnings) {
    std::vector<PrefixTree::Entry> entries;
    entries.reserve(vocabulary_.size());
    scores_.reserve(vocabulary_.size());
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
      const auto token = static_cast<Token>(i);
      const double score = std::round(vocabulary_.score(token) * unit);
      const bool counts =
          score > static_cast<double>(least) && score <= -static_cast<double>(least);
      scores_.push_back(counts ? static_cast<std::int32_t>(score) : 0);
      if (counts && vocabulary_.type(token) != TokenType::byte)
        entries.push_back({vocabulary_.text(token), token});
    }
    tree_ = PrefixTree(std::move(entries));
  }

  std::string_view kind() const noexcept override { return "plamo2"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    return framed(vocabulary_.recognised(options.parse_special), text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    if (plain.starts_with(byte_order_mark))
                      plain.remove_prefix(byte_order_mark.size());
                    encode_text(plain, out);
                  });
  }

  // Pieces are spelled as they are, without marks for spaces; all else is as in SentencePiece.
  std::string piece(Token token, bool special) const override {
    if (vocabulary_.type(token) == TokenType::normal) return std::string(vocabulary_.text(token));
    return sentence_piece(vocabulary_, token, special);
  }

 private:
  // The best way from a place in the text to its end, by its first piece, whose token is -1 when it
  // is a character in bytes. Places within a character have size 0.
  struct Best {
    std::int64_t score = 0;
    std::uint32_t size = 0;
    Token token = -1;
  };

  void encode_text(std::string_view text, std::vector<Token>& out) const {
    std::vector<Best> best(text.size() + 1);
    for (std::size_t at = 0; at < text.size(); at += best[at].size)
      best[at].size = static_cast<std::uint32_t>(character_size(text.substr(at)));
    for (std::size_t at = text.size(); at-- > 0;) {
      Best& here = best[at];
      if (here.size == 0) continue;
      here.score = best[at + here.size].score + unknown;
      // The longest of equals, and any rather than bytes.
      tree_.for_each_prefix(text.substr(at), [&](std::size_t size, Token token) {
        const Best& after = best[at + size];
        if (after.size == 0 && at + size < text.size()) return;
        const std::int64_t score = after.score + scores_[static_cast<std::size_t>(token)];
        if (score >= here.score) here = {score, static_cast<std::uint32_t>(size), token};
      });
    }
    for (std::size_t at = 0; at < text.size(); at += best[at].size) {
      if (best[at].token >= 0)
        out.push_back(best[at].token);
      else
        byte_tokens_.append(text.substr(at, best[at].size), vocabulary_.unknown, out);
    }
  }

  ByteTokens byte_tokens_;
  std::vector<std::int32_t> scores_;
  PrefixTree tree_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_plamo2(const Metadata& metadata,
                                       std::vector<std::string>* warnings) {
  return std::make_unique<Plamo2>(metadata, warnings);
}

}  // namespace quipu
