#include "text/utf8.h"

#include <algorithm>

namespace quipu {
namespace {

// Bytes of the longest beginning of the text that a code point has or could have, and of that code
// point; 0 of 0 when there is none.
struct Beginning {
  std::size_t found, whole;
};

Beginning beginning(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return {1, 1};
  if (lead < 0xC2 || lead > 0xF4) return {0, 0};
  const std::size_t whole = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() == 1) return {1, whole};
  // The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return {0, 0};
  const std::size_t size = std::min(whole, text.size());
  for (std::size_t i = 2; i < size; ++i)
    if (at(i) < 0x80 || at(i) > 0xBF) return {0, 0};
  return {size, whole};
}

}  // namespace

std::size_t code_point_size(std::string_view text) noexcept {
  const auto [found, whole] = beginning(text);
  return found == whole ? whole : 0;
}

std::size_t unfinished_size(std::string_view text) noexcept {
  for (std::size_t back = std::min<std::size_t>(3, text.size()); back > 0; --back) {
    const auto [found, whole] = beginning(text.substr(text.size() - back));
    if (found == back && whole > found) return back;
  }
  return 0;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = code_point_size(text);
    out += size ? text.substr(0, size) : replacement_character;
    text.remove_prefix(size ? size : 1);
  }
  return out;
}

}  // namespace quipu
