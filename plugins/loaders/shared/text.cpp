#include "text.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace loaders {
namespace {

// Bytes of the well-formed UTF-8 sequence that `text` begins with, or 0 (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  // The second byte's range keeps out overlong forms, surrogates and what lies past U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  return length;
}

bool begins_with_control(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  return lead < 0x20 || lead == 0x7F ||
         (lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
}

std::string hexadecimal(char c) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

}  // namespace

std::string objection_to(std::string_view name, std::size_t limit) {
  if (name.empty()) return "it is empty";
  if (name.size() > limit) return "it has " + std::to_string(name.size()) + " bytes";
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t length = sequence_length(name.substr(at));
    const bool control = length != 0 && begins_with_control(name.substr(at));
    if (length == 0 || control)
      return (control ? "it has the control character " : "it is not UTF-8 from ") +
             hexadecimal(name[at]) + " at its byte " + std::to_string(at);
    at += length;
  }
  return {};
}

std::string quoted(std::string_view text) {
  constexpr std::size_t most = 100;
  std::string out = "'";
  for (const char c : text.substr(0, most)) {
    if (c >= 0x20 && c < 0x7F)
      out += c;
    else
      out += hexadecimal(c);
  }
  return out + (text.size() > most ? "…'" : "'");
}

std::optional<std::size_t> find_duplicate(std::span<const std::string_view> names) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int compared = names[a].compare(names[b]);
    return compared ? compared < 0 : a < b;
  });
  const auto found =
      std::adjacent_find(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return names[a] == names[b]; });
  if (found == order.end()) return std::nullopt;
  return *(found + 1);
}

}  // namespace loaders
