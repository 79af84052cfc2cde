// The integers of TQ1_0 and TQ2_0: 256 weights that are scale * (q - 1), q from 0 to 2.
#pragma once

#include "peak.h"
#include "quipu/sdk/quantize.h"
#include "rounding.h"

namespace {

/// Returns the scale.
inline float quantize_ternary(const float* x, std::uint8_t (&q)[256]) {
  const float scale = largest_magnitude(x, 256), inverse = inverse_of(scale);
  for (int i = 0; i < 256; ++i)
    q[i] = static_cast<std::uint8_t>(rounded(x[i] * inverse, -1, 1) + 1);
  return scale;
}

}  // namespace
