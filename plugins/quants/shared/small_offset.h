// The integers of Q4_1 and Q5_1: 32 weights that are scale * q + minimum, q from 0 to `largest`.
// Definition: quantize_row_q4_1_ref and quantize_row_q4_1_impl of ggml.
#pragma once

#include "importance.h"
#include "offset_search.h"
#include "peak.h"
#include "quipu/sdk/quantize.h"
#include "rounding.h"

namespace {

struct ScaleAndMinimum {
  float scale, minimum;
};

inline ScaleAndMinimum quantize_offset(const quipu::sdk::Weights& weights, int largest,
                                       std::uint8_t (&q)[32]) {
  const auto high = static_cast<float>(largest);
  if (!weights.importance) {
    const auto [least, most] = std::minmax_element(weights.x, weights.x + 32);
    const float minimum = *least, scale = (*most - minimum) / high, inverse = inverse_of(scale);
    for (int i = 0; i < 32; ++i)
      q[i] = static_cast<std::uint8_t>(bounded((weights.x[i] - minimum) * inverse + 0.5f, 0, high));
    return {scale, minimum};
  }
  float weight[32];
  weigh(weights.x, weights.importance, weights.mean_square, 32, weight);
  Lanes<1> x[32], w[32], integers[32];
  load_groups(weights.x, x);
  load_groups(weight, w);
  const auto found = search_offset(x, w, high, divisors_with_importance, Error::square, integers);
  store_groups(integers, q);
  return {found.scale[0], -found.minimum[0]};
}

}  // namespace
