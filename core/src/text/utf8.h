// UTF-8 as RFC 3629 has it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quipu {

/// Bytes of the code point that the text begins with, 0 when these bytes are none.
std::size_t code_point_size(std::string_view text) noexcept;

/// The same, but 1 for a byte that belongs to no code point.
inline std::size_t character_size(std::string_view text) noexcept {
  const std::size_t size = code_point_size(text);
  return size ? size : 1;
}

/// Bytes at the end of the text that begin a code point which further bytes could complete.
std::size_t unfinished_size(std::string_view text) noexcept;

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

/// The text with U+FFFD for each byte that belongs to no code point.
std::string valid_utf8(std::string_view text);

}  // namespace quipu
