// Extremes of a few weights, for quantisers.
#pragma once

#include <algorithm>
#include <cmath>

namespace {

inline float largest_magnitude(const float* x, int count) {
  float largest = 0;
  for (int i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  return largest;
}

/// The number of largest magnitude, the first of several.
inline float peak(const float* x, int count) {
  float largest = 0, found = 0;
  for (int i = 0; i < count; ++i)
    if (std::abs(x[i]) > largest) {
      largest = std::abs(x[i]);
      found = x[i];
    }
  return found;
}

/// 0 for 0.
inline float inverse_of(float scale) {
  return scale != 0 ? 1 / scale : 0;
}

}  // namespace
