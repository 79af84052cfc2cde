// What quantisers of codebook formats share beside the search: the weights without their signs, and
// the scales of groups, which are scale * (2 * code + 1).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "rounding.h"

namespace {

inline float sum_of_squares(const float* x) {
  float sum = 0;
  for (int i = 0; i < 256; ++i) sum += x[i] * x[i];
  return sum;
}

/// 256 weights without their signs, the first of eight the lowest bit.
struct Signed {
  float magnitude[256];
  std::uint8_t signs[32];

  explicit Signed(const float* x) {
    for (int k = 0; k < 32; ++k) {
      unsigned negative = 0;
      for (int i = 8 * k; i < 8 * k + 8; ++i) {
        magnitude[i] = x[i] < 0 ? -x[i] : x[i];
        negative |= static_cast<unsigned>(x[i] < 0) << (i % 8);
      }
      signs[k] = static_cast<std::uint8_t>(negative);
    }
  }

  /// For formats that store seven of eight signs: where the number of negative weights is odd, the
  /// sign that costs least is turned, the first of several, and its magnitude becomes negative.
  void make_even(const float* weight) {
    for (int k = 0; k < 32; ++k) {
      if (!__builtin_parity(signs[k])) continue;
      const auto cost = [&](int i) { return weight[i] * magnitude[i] * magnitude[i]; };
      int cheapest = 8 * k;
      for (int i = 8 * k + 1; i < 8 * k + 8; ++i)
        if (cost(i) < cost(cheapest)) cheapest = i;
      magnitude[cheapest] = -magnitude[cheapest];
      signs[k] = static_cast<std::uint8_t>(signs[k] ^ 1u << cheapest % 8);
    }
  }
};

constexpr float smallest_float = std::numeric_limits<float>::denorm_min();

/// Of four times eight, the last of eight follows from the others.
inline std::uint32_t seven_of_eight_signs(const std::uint8_t* signs) {
  std::uint32_t word = 0;
  for (int k = 0; k < 4; ++k) word |= (signs[k] & 127u) << (7 * k);
  return word;
}

/// Returns the scale of the block, infinite where a group has none that is a number.
inline float code_scales(const float* scales, int count, int highest_code, std::uint8_t* code) {
  float largest = 0;
  bool finite = true;
  for (int g = 0; g < count; ++g) {
    largest = scales[g] > largest ? scales[g] : largest;
    finite &= std::isfinite(scales[g]);
  }
  const float scale = largest / static_cast<float>(2 * highest_code + 1);
  const float inverse = std::isinf(1 / scale) ? 0 : 1 / scale;
  for (int g = 0; g < count; ++g)
    code[g] = static_cast<std::uint8_t>(
        bounded(nearest(0.5f * (inverse * scales[g] - 1)), 0, static_cast<float>(highest_code)));
  return finite ? scale : std::numeric_limits<float>::infinity();
}

}  // namespace
