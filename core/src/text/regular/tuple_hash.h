// The hash of a list of numbers: states side by side, a column of a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quipu::regular {

struct TupleHash {
  std::size_t operator()(const std::vector<std::int32_t>& tuple) const noexcept {
    std::size_t hash = tuple.size();
    for (const std::int32_t each : tuple)
      hash = (hash ^ static_cast<std::uint32_t>(each)) * 0x9E3779B97F4A7C15u + (hash >> 29);
    return hash;
  }
};

}  // namespace quipu::regular
