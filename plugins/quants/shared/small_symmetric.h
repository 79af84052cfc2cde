// The integers of Q4_0 and Q5_0: 32 weights that are scale * (q - largest), q from 0 to
// 2 * largest - 1. Definition: quantize_row_q4_0_ref and quantize_row_q4_0_impl of ggml.
#pragma once

#include "importance.h"
#include "peak.h"
#include "quipu/sdk/quantize.h"
#include "rounding.h"
#include "symmetric_search.h"

namespace {

/// Returns the scale.
inline float quantize_symmetric(const quipu::sdk::Weights& weights, int largest,
                                std::uint8_t (&q)[32]) {
  if (!weights.importance) {
    const float scale = peak(weights.x, 32) / static_cast<float>(-largest);
    const float inverse = inverse_of(scale), half = static_cast<float>(largest) + 0.5f;
    for (int i = 0; i < 32; ++i)
      q[i] = static_cast<std::uint8_t>(
          bounded(weights.x[i] * inverse + half, 0, static_cast<float>(2 * largest - 1)));
    return scale;
  }
  float weight[32];
  weigh(weights.x, weights.importance, weights.mean_square, 32, weight);
  Lanes<1> x[32], w[32], integers[32];
  load_groups(weights.x, x);
  load_groups(weight, w);
  const auto scale = search_symmetric(x, w, static_cast<float>(largest), integers);
  store_groups(integers, q);
  return scale[0];
}

}  // namespace
