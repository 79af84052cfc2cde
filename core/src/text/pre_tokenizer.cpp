// Patterns are those that the models' own tokenizer.json files state (Split pre-tokenizers of the
// Hugging Face tokenizers library), named as GGUF converters name them.
#include "text/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>

#include "quipu/error.h"

namespace quipu {
namespace {

constexpr const char* gpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* qwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* single_digits = R"(\p{N})";

struct Named {
  std::string_view name;
  const char* first;
  const char* second;  // splits further what the first left and what it found
  bool whole_words = false, adds_bos = false;
};

constexpr Named table[] = {
    {"gpt-2", gpt2, nullptr},
    {"gpt2", gpt2, nullptr},
    {"phi-2", gpt2, nullptr},
    {"jina-es", gpt2, nullptr},
    {"mpt", gpt2, nullptr},
    {"olmo", gpt2, nullptr},
    {"jais", gpt2, nullptr},
    {"trillion", gpt2, nullptr},
    {"granite-docling", gpt2, nullptr},
    {"default", gpt2, nullptr},
    {"llama3", llama3, nullptr, true, true},
    {"llama-v3", llama3, nullptr, true, true},
    {"llama-bpe", llama3, nullptr, true, true},
    {"falcon3", llama3, nullptr, true, true},
    {"dbrx", llama3, nullptr},
    {"smaug-bpe", llama3, nullptr},
    {"chatglm-bpe", llama3, nullptr},
    {"glm4", llama3, nullptr},
    {"qwen2", qwen2, nullptr},
    {"deepseek-r1-qwen", qwen2, nullptr},
    {"stablelm2", qwen2, nullptr},
    {"hunyuan", qwen2, nullptr},
    {"megrez", qwen2, nullptr},
    {"smollm", single_digits, gpt2},
    {"starcoder", single_digits, gpt2},
    {"refact", single_digits, gpt2},
    {"command-r", single_digits, gpt2},
    {"codeshell", single_digits, gpt2},
    {"exaone", single_digits, gpt2},
    {"minerva-7b", single_digits, gpt2},
};

}  // namespace

struct PreTokenizer::Pattern {
  pcre2_code* code = nullptr;

  explicit Pattern(const char* text) {
    int error = 0;
    PCRE2_SIZE where = 0;
    // Bytes that are no UTF-8 match nothing and so stay between words.
    code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text), PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF, &error, &where, nullptr);
    if (!code) throw Error(ErrorCode::internal, std::string("pattern does not compile: ") + text);
    // Without it the interpreter does the same, slower.
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  }
  ~Pattern() { pcre2_code_free(code); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Appends the parts of one text: what matches, and what lies between.
  void split(std::string_view text, std::vector<std::string_view>& parts) const {
    struct Match {
      pcre2_match_data* data;
      pcre2_match_context* context;
      ~Match() {
        pcre2_match_data_free(data);
        pcre2_match_context_free(context);
      }
    };
    const Match match{pcre2_match_data_create_from_pattern(code, nullptr),
                      pcre2_match_context_create(nullptr)};
    if (!match.data || !match.context) throw Error(ErrorCode::memory, "out of memory");
    pcre2_set_match_limit(match.context, 50'000'000);
    pcre2_set_heap_limit(match.context, 256 * 1024);
    std::size_t start = 0;
    while (start < text.size()) {
      const int count = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                    start, 0, match.data, match.context);
      if (count == PCRE2_ERROR_NOMATCH) break;
      if (count < 0)
        throw Error(ErrorCode::invalid,
                    "text: the pre-tokenizer gave up, PCRE2 error " + std::to_string(count));
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.data);
      if (range[1] <= range[0]) break;
      if (range[0] > start) parts.push_back(text.substr(start, range[0] - start));
      parts.push_back(text.substr(range[0], range[1] - range[0]));
      start = range[1];
    }
    if (start < text.size()) parts.push_back(text.substr(start));
  }
};

PreTokenizer::PreTokenizer(std::string_view name, std::vector<std::string>* warnings) {
  const Named* found = std::ranges::find(table, name, &Named::name);
  if (found == std::end(table)) {
    found = std::ranges::find(table, "gpt-2", &Named::name);
    if (warnings)
      warnings->push_back(
          "tokenizer.ggml.pre: " +
          (name.empty() ? std::string("none given") : "'" + printable(name) + "' is unknown") +
          "; text is split as for GPT-2, and tokens may differ from what the model was trained on");
  }
  patterns_.push_back(std::make_unique<Pattern>(found->first));
  if (found->second) patterns_.push_back(std::make_unique<Pattern>(found->second));
  whole_words_ = found->whole_words;
  adds_bos_ = found->adds_bos;
}

PreTokenizer::~PreTokenizer() = default;

std::vector<std::string_view> PreTokenizer::parts(std::string_view text) const {
  std::vector<std::string_view> parts{text}, next;
  for (const auto& pattern : patterns_) {
    next.clear();
    for (const auto part : parts) pattern->split(part, next);
    parts.swap(next);
  }
  return parts;
}

}  // namespace quipu
