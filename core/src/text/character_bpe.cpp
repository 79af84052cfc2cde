#include "text/character_bpe.h"

#include <algorithm>

#include "text/merge_ranks.h"
#include "text/merged_characters.h"
#include "text/sentence_pieces.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

struct Kind {
  std::string_view name;  // tokenizer.ggml.pre
  // The first files of Gemma 4 said that no BOS is added; the model cannot do without it.
  bool always_adds_bos;
  // Whether a run of line breaks that is a token is taken as that token, without merging.
  bool whole_line_breaks;
};

constexpr Kind kinds[] = {
    {"gemma4", true, true}, {"granite-embed-multi-311m", true, true}, {"sarvam-moe", false, false}};

class CharacterBpe final : public VocabularyTokenizer {
 public:
  CharacterBpe(const Metadata& metadata, const Kind& kind, std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata, {.add_bos = kind.always_adds_bos}, warnings), kind_(kind),
        ranks_(read_merges(metadata)), byte_tokens_(vocabulary_, warnings) {
    if (!kind.always_adds_bos || vocabulary_.add_bos || vocabulary_.bos < 0) return;
    vocabulary_.add_bos = true;
    if (warnings)
      warnings->push_back("tokenizer.ggml.add_bos_token: expected true for " +
                          std::string(kind.name) + ", found false; BOS is added");
  }

  std::string_view kind() const noexcept override { return "bpe"; }
  std::string_view pre_tokenizer() const noexcept override { return kind_.name; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    Merger merger;
    return framed(vocabulary_.recognised(options.parse_special), text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    encode_lines(marked(plain), merger, out);
                  });
  }

  std::string piece(Token token, bool special) const override {
    return sentence_piece(vocabulary_, token, special);
  }

 private:
  // Merges go on to the end of a line; runs of line breaks are words of their own.
  void encode_lines(std::string_view text, Merger& merger, std::vector<Token>& out) const {
    for (std::size_t at = 0; at < text.size();) {
      const bool breaks = text[at] == '\n';
      const std::size_t end =
          std::min(breaks ? text.find_first_not_of('\n', at) : text.find('\n', at), text.size());
      const std::string_view word = text.substr(at, end - at);
      const Token whole = breaks && kind_.whole_line_breaks ? vocabulary_.find(word) : -1;
      if (whole >= 0)
        out.push_back(whole);
      else
        encode_word(word, merger, out);
      at = end;
    }
  }

  void encode_word(std::string_view word, Merger& merger, std::vector<Token>& out) const {
    const auto find = [&](const Symbol& left, const Symbol& right) -> Merge {
      if (left.token < 0 || right.token < 0) return {0, -1};
      const auto rank =
          ranks_.find(word.substr(left.first, left.size), word.substr(right.first, right.size));
      if (rank < 0) return {0, -1};
      return {static_cast<std::uint32_t>(rank),
              vocabulary_.find(word.substr(left.first, std::size_t{left.size} + right.size))};
    };
    append_merged(vocabulary_, byte_tokens_, word, merger, find, out);
  }

  const Kind& kind_;
  MergeRanks ranks_;
  ByteTokens byte_tokens_;
};

}  // namespace

bool merges_characters(std::string_view pre) noexcept {
  return std::ranges::find(kinds, pre, &Kind::name) != std::end(kinds);
}

std::unique_ptr<Tokenizer> make_character_bpe(const Metadata& metadata, std::string_view pre,
                                              std::vector<std::string>* warnings) {
  const auto* const kind = std::ranges::find(kinds, pre, &Kind::name);
  return std::make_unique<CharacterBpe>(metadata, *kind, warnings);
}

}  // namespace quipu
