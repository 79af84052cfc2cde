#include "quantize/name_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "quipu/error.h"

namespace quipu {
namespace {

// Names are short: a pattern that needs more does not end.
constexpr std::uint32_t match_limit = 1'000'000;

std::string text_of(int error) {
  std::array<unsigned char, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

template <class Type, void (*Free)(Type*)>
struct Freed {
  void operator()(Type* object) const noexcept { Free(object); }
};
template <class Type, void (*Free)(Type*)>
using Owned = std::unique_ptr<Type, Freed<Type, Free>>;

}  // namespace

struct NamePattern::Code {
  std::string text;
  Owned<pcre2_code, pcre2_code_free> code;
};

NamePattern::NamePattern(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE place = 0;
  Owned<pcre2_code, pcre2_code_free> code(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), 0, &error, &place, nullptr));
  if (!code)
    throw Error(ErrorCode::usage, "pattern '" + printable(pattern) + "': at character " +
                                      std::to_string(place) + ": " + text_of(error));
  code_ = std::make_shared<const Code>(pattern, std::move(code));
}

bool NamePattern::found_in(std::string_view name) const {
  const Owned<pcre2_match_data, pcre2_match_data_free> data(pcre2_match_data_create(1, nullptr));
  const Owned<pcre2_match_context, pcre2_match_context_free> context(
      pcre2_match_context_create(nullptr));
  if (!data || !context) throw std::bad_alloc();
  pcre2_set_match_limit(context.get(), match_limit);
  const int result = pcre2_match(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(name.data()),
                                 name.size(), 0, 0, data.get(), context.get());
  if (result < 0 && result != PCRE2_ERROR_NOMATCH)
    throw Error(ErrorCode::usage, "pattern '" + printable(code_->text) + "' on the name '" +
                                      printable(name) + "': " + text_of(result));
  return result != PCRE2_ERROR_NOMATCH;
}

}  // namespace quipu
