// What tokenizers of every kind take from their vocabulary.
#pragma once

#include "text/fragments.h"
#include "text/vocabulary.h"

namespace quipu {

class VocabularyTokenizer : public Tokenizer {
 public:
  std::size_t size() const noexcept final { return vocabulary_.size(); }
  std::string_view spelling(Token token) const final { return vocabulary_.text(token); }
  bool ends_generation(Token token) const noexcept final {
    return vocabulary_.ends_generation(token);
  }
  bool is_special(Token token) const noexcept final {
    return vocabulary_.contains(token) && vocabulary_.is_special(token);
  }
  Token bos() const noexcept final { return vocabulary_.bos; }
  Token eos() const noexcept final { return vocabulary_.eos; }
  bool adds_bos() const noexcept final { return vocabulary_.add_bos; }

 protected:
  VocabularyTokenizer(const Metadata& metadata, Vocabulary::Defaults defaults,
                      std::vector<std::string>* warnings)
      : vocabulary_(metadata, defaults, warnings) {}

  /// BOS, what the text gives, EOS. on_text(plain, out) appends the tokens of what lies before,
  /// between and after the tokens that are recognised in the text.
  template <class OnText>
  std::vector<Token> framed(const SpecialTokens& recognised, std::string_view text,
                            TokenizeOptions options, OnText&& on_text) const {
    std::vector<Token> out;
    if (options.add_special && vocabulary_.add_bos) out.push_back(vocabulary_.bos);
    for_each_fragment(
        recognised, text, [&](std::string_view plain) { on_text(plain, out); },
        [&](Token token) { out.push_back(token); });
    if (options.add_special && vocabulary_.add_eos) out.push_back(vocabulary_.eos);
    return out;
  }

  Vocabulary vocabulary_;
};

}  // namespace quipu
