// Random numbers that a seed fixes on every machine: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)
// at counter `step`.
#pragma once

#include <cstdint>

namespace quipu {

constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t step) noexcept {
  std::uint64_t z = seed + (step + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// In [0, 1), with 53 bits.
constexpr double random_unit(std::uint64_t seed, std::uint64_t step) noexcept {
  return static_cast<double>(random_bits(seed, step) >> 11) * 0x1.0p-53;
}

}  // namespace quipu
