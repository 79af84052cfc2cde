// Finds tokens that are recognised in text by their spelling, "<|im_end|>" and the like.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quipu/tokenizer.h"
#include "text/strip_rules.h"

namespace quipu {

class SpecialTokens {
 public:
  struct Entry {
    std::string_view text;
    Token token;
    Strip strip = Strip::nothing;
  };

  SpecialTokens() = default;
  /// Of entries with the same text the first counts. Empty texts, and those longer than `longest`,
  /// are left out: real ones are short, and the cost of a look grows with the longest.
  explicit SpecialTokens(std::vector<Entry> entries);

  static constexpr std::size_t longest = 256;

  /// The longest entry that the text begins with; its token is -1 when there is none.
  Entry at(std::string_view text) const;

 private:
  std::vector<Entry> sorted_;
  std::array<std::uint32_t, 257> first_byte_{};  // where entries with each first byte begin
};

}  // namespace quipu
