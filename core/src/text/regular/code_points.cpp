// Of valid UTF-8: lengths follow from lead bytes.
#include "text/regular/code_points.h"

namespace quipu::regular {

std::u32string code_points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto at = [&](std::size_t k) {
      return i + k < utf8.size() ? static_cast<unsigned char>(utf8[i + k]) : 0u;
    };
    const unsigned lead = at(0);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = size == 1 ? lead : lead & (0x7F >> size);
    for (std::size_t k = 1; k < size; ++k) point = point << 6 | (at(k) & 0x3F);
    out += point;
    i += size;
  }
  return out;
}

std::string utf8(std::u32string_view text) {
  std::string out;
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  for (const char32_t point : text) {
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | point >> 6), put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
      put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    } else {
      put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 0x3F)), put(0x80 | (point >> 6 & 0x3F)),
          put(0x80 | (point & 0x3F));
    }
  }
  return out;
}

}  // namespace quipu::regular
