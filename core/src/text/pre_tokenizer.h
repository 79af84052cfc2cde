// Splits text into words before byte-pair merging, by the patterns that tokenizer.ggml.pre names.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quipu {

class PreTokenizer {
 public:
  /// An unknown name takes GPT-2's pattern and adds a warning that says so.
  PreTokenizer(std::string_view name, std::vector<std::string>* warnings);
  ~PreTokenizer();

  /// Calls `word` for each part of the text; together they are the text. Bytes that are no UTF-8
  /// are parts of their own. Linear in the text's length.
  template <class Word>
  void split(std::string_view text, Word&& word) const {
    for (const auto part : parts(text)) word(part);
  }

  /// Whether a word that is a token as a whole is taken as that token, without merging.
  bool whole_words() const noexcept { return whole_words_; }
  /// Whether these models begin with BOS when the file does not say.
  bool adds_bos() const noexcept { return adds_bos_; }

 private:
  class Pattern;
  std::vector<std::string_view> parts(std::string_view text) const;
  void split_words(std::string_view text, std::vector<std::string_view>& words) const;

  std::vector<std::unique_ptr<Pattern>> patterns_;
  bool whole_words_ = false, adds_bos_ = false;
};

}  // namespace quipu
