#include "text/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quipu/error.h"
#include "text/charsmap.h"
#include "text/prefix_tree.h"
#include "text/sentence_pieces.h"
#include "text/utf8.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

// A character that is no piece counts as this much less likely than the least likely piece;
// SentencePiece's number.
constexpr double unknown_penalty = 10;

// What a user-defined token scores in SentencePiece: more than any piece that could stand there.
constexpr double user_defined_score = -0.1;

// NFKC makes a text at most 11 times as long (U+FDFA); a map that does more is hostile.
constexpr std::size_t longest_growth = 16;

template <class Wanted>
std::vector<PrefixTree::Entry> entries(const Vocabulary& vocabulary, Wanted&& wanted) {
  std::vector<PrefixTree::Entry> out;
  out.reserve(vocabulary.size());
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (wanted(vocabulary.type(token))) out.push_back({vocabulary.text(token), token});
  }
  return out;
}

class Unigram final : public VocabularyTokenizer {
 public:
  Unigram(const Metadata& metadata, std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata, {.add_eos = true, .eos = 1, .unknown = 2}, warnings),
        charsmap_(metadata), byte_tokens_(vocabulary_, warnings),
        falls_back_(byte_tokens_.complete()),
        pieces_(entries(vocabulary_,
                        [](TokenType type) {
                          return type == TokenType::normal || type == TokenType::user_defined;
                        })),
        user_defined_(
            entries(vocabulary_, [](TokenType type) { return type == TokenType::user_defined; })) {
    if (!vocabulary_.has_scores())
      throw Error(ErrorCode::invalid,
                  "tokenizer.ggml.scores: expected a score for each token, found no such key");
    removes_extra_spaces_ =
        metadata.flag("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
    // Files of encoders whose tokenizer is Hugging Face's say that no space is put before a text,
    // and mean one. Only such files count token types.
    if (removes_extra_spaces_ && metadata.find("tokenizer.ggml.token_type_count"))
      vocabulary_.add_space_prefix = true;
    double least = 0;
    for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
      const auto token = static_cast<Token>(i);
      const double score = vocabulary_.score(token);
      if (vocabulary_.type(token) == TokenType::normal && std::isfinite(score))
        least = std::min(least, score);
    }
    unknown_score_ = least - unknown_penalty;
  }

  std::string_view kind() const noexcept override { return "unigram"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    static const SpecialTokens nothing;
    // User-defined tokens are pieces here: the text around them is one text.
    return framed(options.parse_special ? vocabulary_.special() : nothing, text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    encode_text(normalised(plain), out);
                  });
  }

  std::string piece(Token token, bool special) const override {
    return sentence_piece(vocabulary_, token, special);
  }

 protected:
  bool drops_leading_space() const noexcept override {
    return vocabulary_.add_space_prefix || removes_extra_spaces_;
  }

 private:
  // The beginning of a text, and what stands for it.
  struct Step {
    std::size_t size;
    std::string_view text;
  };

  Step step(std::string_view text) const {
    if (const auto found = user_defined_.longest_prefix(text); found.token >= 0)
      return {found.text.size(), found.text};
    if (const auto match = charsmap_.at(text); match.size > 0)
      return {match.size, match.replacement};
    const std::size_t size = code_point_size(text);
    if (size == 0) return {1, replacement_character};
    return {size, text.substr(0, size)};
  }

  // As SentencePiece's Normalizer does it, whose options are the flags of the file.
  std::string normalised(std::string_view text) const {
    if (removes_extra_spaces_)
      while (!text.empty()) {
        const Step first = step(text);
        if (first.text != " ") break;
        text.remove_prefix(first.size);
      }
    std::string out;
    if (text.empty()) return out;
    const std::size_t longest = longest_growth * text.size() + PrefixTree::longest;
    out.reserve(text.size() + text.size() / 2);
    if (vocabulary_.add_space_prefix) out += space_mark;
    bool after_space = removes_extra_spaces_;
    while (!text.empty()) {
      const Step next = step(text);
      text.remove_prefix(next.size);
      std::string_view added = next.text;
      if (after_space) added.remove_prefix(std::min(added.find_first_not_of(' '), added.size()));
      if (added.empty()) continue;
      for (const char c : added) {
        if (c == ' ')
          out += space_mark;
        else
          out += c;
      }
      after_space = removes_extra_spaces_ && added.ends_with(' ');
      if (out.size() > longest)
        throw Error(ErrorCode::invalid,
                    "tokenizer.ggml.precompiled_charsmap: expected to make a text at most " +
                        std::to_string(longest_growth) + " times as long, found more");
    }
    if (removes_extra_spaces_)
      while (out.ends_with(space_mark)) out.resize(out.size() - space_mark.size());
    return out;
  }

  // The best way to a place in the text, by its last piece.
  struct Best {
    double score = 0;
    std::uint32_t first = 0;  // where that piece begins
    Token token = nothing_yet;
  };
  static constexpr Token nothing_yet = -2, no_piece = -1;

  double score(Token token) const {
    return vocabulary_.type(token) == TokenType::user_defined ? user_defined_score
                                                              : vocabulary_.score(token);
  }

  // Viterbi, from code point to code point.
  void encode_text(std::string_view text, std::vector<Token>& out) const {
    if (text.size() >= std::numeric_limits<std::uint32_t>::max())
      throw Error(ErrorCode::usage,
                  "text: expected fewer than 2^32 bytes, found " + std::to_string(text.size()));
    std::vector<Best> best(text.size() + 1);
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view rest = text.substr(at);
      const std::size_t character = character_size(rest);
      const double here = best[at].score;
      const auto offer = [&](std::size_t size, Token token, double score) {
        Best& there = best[at + size];
        if (there.token == nothing_yet || here + score > there.score)
          there = {here + score, static_cast<std::uint32_t>(at), token};
      };
      bool whole_character = false;
      pieces_.for_each_prefix(rest, [&](std::size_t size, Token token) {
        offer(size, token, score(token));
        whole_character = whole_character || size == character;
      });
      if (!whole_character) offer(character, no_piece, unknown_score_);
      at += character;
    }
    const std::size_t before = out.size();
    bool after_unknown = false;
    for (std::size_t end = text.size(); end > 0;) {
      const Best& last = best[end];
      if (last.token >= 0) {
        out.push_back(last.token);
      } else if (falls_back_) {
        for (std::size_t byte = end; byte-- > last.first;) out.push_back(byte_tokens_[text[byte]]);
      } else if (!after_unknown && vocabulary_.unknown >= 0) {
        out.push_back(vocabulary_.unknown);  // one for a stretch of them
      }
      after_unknown = last.token < 0;
      end = last.first;
    }
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(before), out.end());
  }

  Charsmap charsmap_;
  ByteTokens byte_tokens_;
  bool falls_back_, removes_extra_spaces_ = false;
  PrefixTree pieces_, user_defined_;
  double unknown_score_ = 0;
};

}  // namespace

std::unique_ptr<Tokenizer> make_unigram(const Metadata& metadata,
                                        std::vector<std::string>* warnings) {
  return std::make_unique<Unigram>(metadata, warnings);
}

}  // namespace quipu
