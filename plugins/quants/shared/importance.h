// How much the error of each weight counts, where the importance of its column is known: more for
// larger weights. Definition: quantize_row_*_impl of ggml.
#pragma once

#include <cmath>

#include "quipu/sdk/quantize.h"

namespace {

inline void weigh(const float* x, const float* importance, float mean_square, int count,
                  float* weight) {
  for (int i = 0; i < count; ++i) weight[i] = importance[i] * std::sqrt(mean_square + x[i] * x[i]);
}

/// Without importance, errors of a weight count as its square.
inline void weigh_or_square(const quipu::sdk::Weights& weights, float mean_square, float* weight) {
  if (weights.importance)
    weigh(weights.x, weights.importance, mean_square, 256, weight);
  else
    for (int i = 0; i < 256; ++i) weight[i] = weights.x[i] * weights.x[i];
}

}  // namespace
