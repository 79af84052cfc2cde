#include "text/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "quipu/error.h"
#include "text/pre_tokenizer_patterns.h"
#include "text/utf8.h"

namespace quipu {
namespace {

struct FreeMatch {
  void operator()(pcre2_match_data* data) const noexcept { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const noexcept {
    pcre2_match_context_free(context);
  }
};

// The patterns of the table need next to nothing of either; these keep a slip in one from becoming
// a hang.
constexpr std::uint32_t match_limit = 50'000'000;
constexpr std::uint32_t heap_limit_kib = 256 * 1024;

}  // namespace

class PreTokenizer::Pattern {
 public:
  explicit Pattern(const char* text) {
    int error = 0;
    PCRE2_SIZE where = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text), PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP, &error, &where, nullptr);
    if (!code_) throw Error(ErrorCode::internal, std::string("pattern does not compile: ") + text);
    // Without it the interpreter does the same, slower.
    pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
  }
  ~Pattern() { pcre2_code_free(code_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Appends the parts of valid UTF-8: what matches, and what lies between.
  void split(std::string_view text, pcre2_match_data* data, pcre2_match_context* context,
             std::vector<std::string_view>& parts) const {
    std::size_t start = 0;
    while (start < text.size()) {
      const int count = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                    start, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data, context);
      if (count == PCRE2_ERROR_NOMATCH) break;
      if (count < 0)
        throw Error(ErrorCode::internal,
                    "text: expected to be split into words, PCRE2 gave error " +
                        std::to_string(count));
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data);
      if (range[0] > start) parts.push_back(text.substr(start, range[0] - start));
      parts.push_back(text.substr(range[0], range[1] - range[0]));
      start = range[1];
    }
    if (start < text.size()) parts.push_back(text.substr(start));
  }

 private:
  pcre2_code* code_;
};

PreTokenizer::PreTokenizer(std::string_view name, std::vector<std::string>* warnings) {
  const auto named = [](std::string_view wanted) {
    return std::ranges::find(patterns::named, wanted, &patterns::Named::name);
  };
  const bool known = named(name) != std::end(patterns::named);
  const auto* const found = named(name.empty() ? "default" : known ? name : "gpt-2");
  if (warnings && !known)
    warnings->push_back("tokenizer.ggml.pre: " +
                        (name.empty()
                             ? "none given; text is split by the old default"
                             : "'" + printable(name) + "' is unknown; text is split as for GPT-2") +
                        ", and tokens may differ from what the model was trained on");
  for (const char* pattern : found->patterns)
    if (pattern) patterns_.push_back(std::make_unique<Pattern>(pattern));
  whole_words_ = found->whole_words;
  adds_bos_ = found->adds_bos;
}

PreTokenizer::~PreTokenizer() = default;

std::vector<std::string_view> PreTokenizer::parts(std::string_view text) const {
  std::vector<std::string_view> words;
  for (std::size_t start = 0; start < text.size();) {
    // A stretch of valid UTF-8, then one of other bytes.
    std::size_t end = start;
    while (end < text.size()) {
      const std::size_t size = code_point_size(text.substr(end));
      if (size == 0) break;
      end += size;
    }
    if (end > start) split_words(text.substr(start, end - start), words);
    start = end;
    while (end < text.size() && code_point_size(text.substr(end)) == 0) ++end;
    if (end > start) words.push_back(text.substr(start, end - start));
    start = end;
  }
  return words;
}

void PreTokenizer::split_words(std::string_view text, std::vector<std::string_view>& words) const {
  const std::unique_ptr<pcre2_match_data, FreeMatch> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, FreeMatch> context(
      pcre2_match_context_create(nullptr));
  if (!data || !context) throw Error(ErrorCode::memory, "text: no memory to split it into words");
  pcre2_set_match_limit(context.get(), match_limit);
  pcre2_set_heap_limit(context.get(), heap_limit_kib);
  std::vector<std::string_view> parts{text}, next;
  for (const auto& pattern : patterns_) {
    next.clear();
    for (const auto part : parts) pattern->split(part, data.get(), context.get(), next);
    parts.swap(next);
  }
  words.insert(words.end(), parts.begin(), parts.end());
}

}  // namespace quipu
