// How much the error of each weight counts, where the importance of its column is known: more for
// larger weights. Definition: quantize_row_*_impl of ggml.
#pragma once

#include <cmath>

namespace {

inline void weigh(const float* x, const float* importance, float mean_square, int count,
                  float* weight) {
  for (int i = 0; i < count; ++i) weight[i] = importance[i] * std::sqrt(mean_square + x[i] * x[i]);
}

}  // namespace
