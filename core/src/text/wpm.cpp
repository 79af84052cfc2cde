#include "text/wpm.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "text/utf8.h"
#include "text/vocabulary_tokenizer.h"

namespace quipu {
namespace {

// What files put before the pieces that begin a word; those that go on have nothing.
constexpr std::string_view word_mark = "\xE2\x96\x81";  // U+2581

void append(std::string& text, utf8proc_int32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(code_point, bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

bool is_space(utf8proc_int32_t c) {
  if (c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85) return true;
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

// Each is a word of its own: punctuation, the signs of ASCII, ideographs.
bool stands_alone(utf8proc_int32_t c) {
  const auto category = utf8proc_category(c);
  if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) return true;
  if (c < 0x7F && category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO) return true;
  constexpr utf8proc_int32_t ideographs[][2] = {
      {0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
      {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (const auto& range : ideographs)
    if (c >= range[0] && c <= range[1]) return true;
  return false;
}

struct Normalisation {
  bool lower_case, without_accents;
};

// What a code point becomes, or -1 when nothing.
utf8proc_int32_t normalised(utf8proc_int32_t code_point, Normalisation how) {
  utf8proc_int32_t c = code_point;
  if (how.without_accents) {
    utf8proc_int32_t parts[32];
    int boundary = 0;
    const auto count =
        utf8proc_decompose_char(code_point, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    // Of what a code point decomposes to, the first is its base: accents are the others, or marks
    // by themselves. Syllables of Hangul lose their vowels by that, as they do in llama.cpp.
    if (count > 0) c = parts[0];
  }
  const auto category = utf8proc_category(c);
  const bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
  const bool control = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF;
  if (is_space(c)) return c;
  return c == 0xFFFD || control || (mark && how.without_accents) ? -1 : c;
}

// Words of a text, normalised, one after another.
template <class OnWord>
void for_each_word(std::string_view text, Normalisation how, OnWord&& on_word) {
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) on_word(std::string_view(word));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = code_point_size(text.substr(at));
    if (size == 0) {  // no code point: nothing that a vocabulary could have
      ++at;
      continue;
    }
    utf8proc_int32_t code_point = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                     static_cast<utf8proc_ssize_t>(size), &code_point);
    at += size;
    const utf8proc_int32_t c = normalised(code_point, how);
    if (c < 0) continue;
    const utf8proc_int32_t letter = how.lower_case ? utf8proc_tolower(c) : c;
    if (is_space(c)) {
      end_word();
    } else if (stands_alone(c)) {
      end_word();
      append(word, letter);
      end_word();
    } else {
      append(word, letter);
    }
  }
  end_word();
}

class Wpm final : public VocabularyTokenizer {
 public:
  // Texts begin and end with tokens that older files name by their roles in an encoder.
  Wpm(const Metadata& metadata, std::vector<std::string>* warnings)
      : VocabularyTokenizer(metadata,
                            {.add_bos = true,
                             .add_eos = true,
                             .bos = role(metadata, "tokenizer.ggml.cls_token_id", 101),
                             .eos = role(metadata, "tokenizer.ggml.seperator_token_id", 102),
                             .unknown = 100},
                            warnings) {
    how_.lower_case = metadata.flag("tokenizer.ggml.normalizer.lowercase").value_or(true);
    how_.without_accents =
        metadata.flag("tokenizer.ggml.normalizer.strip_accents").value_or(how_.lower_case);
  }

  std::string_view kind() const noexcept override { return "wpm"; }
  std::string_view pre_tokenizer() const noexcept override { return ""; }

  std::vector<Token> encode(std::string_view text, TokenizeOptions options) const override {
    return framed(vocabulary_.recognised(options.parse_special), text, options,
                  [&](std::string_view plain, std::vector<Token>& out) {
                    for_each_word(plain, how_,
                                  [&](std::string_view word) { encode_word(word, out); });
                  });
  }

  std::string piece(Token token, bool special) const override {
    const auto text = vocabulary_.text(token);
    if (vocabulary_.is_special(token)) return special ? std::string(text) : std::string();
    if (text.starts_with(word_mark)) return " " + std::string(text.substr(word_mark.size()));
    return std::string(text);
  }

 protected:
  bool drops_leading_space() const noexcept override { return true; }

 private:
  // Longer pieces are no words; the cost of a look grows with the longest.
  static constexpr std::size_t longest_piece = 256;

  static Token role(const Metadata& metadata, const char* key, Token otherwise) {
    const auto id = metadata.integer(key);
    return id && *id >= 0 && *id <= INT32_MAX ? static_cast<Token>(*id) : otherwise;
  }

  // The longest piece that fits, then the longest after it; a word that pieces do not cover is
  // unknown as a whole.
  void encode_word(std::string_view word, std::vector<Token>& out) const {
    const std::string marked = std::string(word_mark) + std::string(word);
    const std::string_view text = marked;
    const std::size_t before = out.size();
    for (std::size_t at = 0; at < text.size();) {
      std::size_t size = std::min({text.size() - at, vocabulary_.longest(), longest_piece});
      Token token = -1;
      while (size > 0 && (token = vocabulary_.find(text.substr(at, size))) < 0) --size;
      if (token < 0) {
        out.resize(before);
        if (vocabulary_.unknown >= 0) out.push_back(vocabulary_.unknown);
        return;
      }
      out.push_back(token);
      at += size;
    }
  }

  Normalisation how_{};
};

}  // namespace

std::unique_ptr<Tokenizer> make_wpm(const Metadata& metadata, std::vector<std::string>* warnings) {
  return std::make_unique<Wpm>(metadata, warnings);
}

}  // namespace quipu
