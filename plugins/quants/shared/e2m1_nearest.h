// The nearest number E2M1, for the quantisers of MXFP4 and NVFP4. Definition: best_index_mxfp4 of
// ggml.
#pragma once

#include <cmath>
#include <cstdint>

namespace {

/// Of the codes whose doubled levels times `scale` are nearest to x the first one: a zero is
/// positive. A code is a magnitude, and 8 more for a negative number.
inline std::uint8_t nearest_e2m1(float x, float scale) {
  constexpr float levels[] = {0, 1, 2, 3, 4, 6, 8, 12};
  const float size = std::abs(x);
  int best = 0;
  for (int i = 1; i < 8; ++i)
    if (std::abs(levels[i] * scale - size) < std::abs(levels[best] * scale - size)) best = i;
  return static_cast<std::uint8_t>(x < 0 && best ? best + 8 : best);
}

}  // namespace
