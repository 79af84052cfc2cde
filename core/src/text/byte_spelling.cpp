#include "text/byte_spelling.h"

#include <array>
#include <cstdint>

namespace quipu {
namespace {

// Printable Latin-1 is itself, the 68 other bytes are U+0100 and up, in order.
constexpr std::array<std::uint16_t, 256> byte_code_points = [] {
  std::array<std::uint16_t, 256> table{};
  std::uint16_t next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table[static_cast<std::size_t>(byte)] = printable ? static_cast<std::uint16_t>(byte) : next++;
  }
  return table;
}();

constexpr std::array<std::int16_t, 324> code_point_bytes = [] {
  std::array<std::int16_t, 324> table{};
  for (auto& byte : table) byte = -1;
  for (int byte = 0; byte < 256; ++byte)
    table[byte_code_points[static_cast<std::size_t>(byte)]] = static_cast<std::int16_t>(byte);
  return table;
}();

}  // namespace

void append_spelled(std::string& out, unsigned char byte) {
  const unsigned code = byte_code_points[byte];
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  }
}

std::string unspelled(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    unsigned code = lead;
    std::size_t length = 1;
    if ((lead & 0xE0) == 0xC0 && at + 1 < text.size()) {
      code = (lead & 31u) << 6 | (static_cast<unsigned char>(text[at + 1]) & 63u);
      length = 2;
    }
    const bool spelled = (length == 2 || lead < 0x80) && code < code_point_bytes.size() &&
                         code_point_bytes[code] >= 0;
    if (spelled)
      out += static_cast<char>(code_point_bytes[code]);
    else
      out += text.substr(at, length);
    at += length;
  }
  return out;
}

}  // namespace quipu
