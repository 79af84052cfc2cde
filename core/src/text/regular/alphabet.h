// Sets of code points, and the classes of those that an automaton does not tell apart.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "text/regular/budget.h"

namespace quipu::regular {

inline constexpr char32_t last_code_point = 0x10FFFF;

struct Range {
  char32_t first, last;
  auto operator<=>(const Range&) const = default;
};

/// Sorted, neither overlapping nor adjacent.
using Ranges = std::vector<Range>;
Ranges normalised(Ranges ranges);
Ranges complement(const Ranges& ranges);

/// Code points in classes that an automaton does not tell apart.
struct Alphabet {
  std::vector<char32_t> starts{0};        ///< of stretches; each ends where the next one starts
  std::vector<std::uint32_t> classes{0};  ///< per stretch
  std::uint32_t count = 1;                ///< of classes

  std::uint32_t class_of(char32_t point) const noexcept;
  /// Two code points share a class when the same sets have them.
  static Alphabet of(std::span<const Ranges> sets, Budget& budget);
};

}  // namespace quipu::regular
