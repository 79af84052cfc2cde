// What a manifest says that a plugin provides, taken apart.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/registry.h"

namespace quipu::plugin {

struct Item {
  std::string text;  ///< as the manifest spells it
  std::string key;   ///< what it is asked for by: "gguf:12", "gguf", a family, a backend
  std::string name;  ///< what its table calls itself
  // Of a loader: its files hold `magic` from byte `offset`.
  std::uint64_t offset = 0;
  std::vector<std::uint8_t> magic;
  // Of a backend: the highest is the default.
  std::uint32_t preference = 0;

  /// Whether `head`, the first bytes of a file, holds the magic.
  bool matches(std::span<const std::uint8_t> head) const noexcept;
};

/// Takes "a;b;c" apart; throws Error{invalid} with problem::manifest naming the item that is
/// malformed or named twice.
std::vector<Item> parse_provides(PluginKind kind, std::string_view provides);

}  // namespace quipu::plugin
