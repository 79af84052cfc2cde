#include "text/charsmap.h"

#include <algorithm>

#include "quipu/error.h"
#include "quipu/model_file.h"

namespace quipu {
namespace {

constexpr const char* key = "tokenizer.ggml.precompiled_charsmap";
constexpr std::uint32_t is_value = 1u << 31, rule_ends = 1u << 8, far = 1u << 9;

// Rules are a few code points long; one that went round in the units would never end.
constexpr std::size_t longest_rule = 64;

[[noreturn]] void refuse(const std::string& expected, std::uint64_t found) {
  throw Error(ErrorCode::invalid,
              std::string(key) + ": expected " + expected + ", found " + std::to_string(found));
}

std::string read_bytes(const Metadata& metadata) {
  std::string bytes;
  for (const std::int64_t number : metadata.integers(key).value_or(std::vector<std::int64_t>())) {
    // Files have them with a sign or without.
    if (number < -128 || number > 255)
      throw Error(ErrorCode::invalid,
                  std::string(key) + ": expected bytes, found " + std::to_string(number));
    bytes += static_cast<char>(number);
  }
  return bytes;
}

std::uint32_t number_at(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

Charsmap::Charsmap(const Metadata& metadata) {
  const std::string bytes = read_bytes(metadata);
  if (bytes.empty()) return;
  if (bytes.size() < 4) refuse("at least 4 bytes", bytes.size());
  const std::uint32_t size = number_at(bytes);
  if (size > bytes.size() - 4)
    refuse("units of at most " + std::to_string(bytes.size() - 4) + " bytes", size);
  if (size % 4) refuse("units of 4 bytes each", size);
  for (std::size_t at = 4; at < 4 + std::size_t{size}; at += 4)
    units_.push_back(number_at(std::string_view(bytes).substr(at)));
  replacements_ = bytes.substr(4 + std::size_t{size});
  check();
}

// After this no walk through the units can leave them, and no value points past the replacements.
void Charsmap::check() const {
  if (units_.empty()) return;
  if (units_[0] & is_value) refuse("a node as the first unit", units_[0]);
  if (replacements_.empty() || replacements_.back() != 0)
    refuse("replacements that end with a zero byte", replacements_.size());
  for (std::uint32_t node = 0; node < units_.size(); ++node) {
    if (units_[node] & is_value) continue;
    const std::uint32_t children = children_of(node);
    if ((children | 0xFF) >= units_.size())
      refuse("children of unit " + std::to_string(node) + " below " + std::to_string(units_.size()),
             children | 0xFF);
    if (!(units_[node] & rule_ends)) continue;
    const std::uint32_t value = units_[children] & ~is_value;
    if (value >= replacements_.size())
      refuse("a replacement of unit " + std::to_string(node) + " below " +
                 std::to_string(replacements_.size()),
             value);
  }
}

std::uint32_t Charsmap::children_of(std::uint32_t node) const noexcept {
  const std::uint32_t unit = units_[node];
  return node ^ (unit >> 10) << (unit & far ? 8 : 0);
}

Charsmap::Match Charsmap::at(std::string_view text) const {
  Match match;
  if (units_.empty()) return match;
  std::uint32_t children = children_of(0);
  const std::size_t end = std::min(text.size(), longest_rule);
  for (std::size_t i = 0; i < end; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::uint32_t node = children ^ byte;
    // A zero byte would lead to the value, which is no node.
    if (byte == 0 || (units_[node] & (is_value | 0xFF)) != byte) break;
    children = children_of(node);
    if (units_[node] & rule_ends)
      match = {i + 1, replacements_.c_str() + (units_[children] & ~is_value)};
  }
  return match;
}

}  // namespace quipu
