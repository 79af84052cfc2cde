// Blocks of 256 weights in groups with a scale and a minimum of their own, both small integers:
// w = scale * s[g] * q - lowest * m[g]. Q2_K, Q4_K and Q5_K. Definition: quantize_row_q4_K_ref and
// quantize_row_q4_K_impl of ggml, and those of its siblings.
#pragma once

#include <algorithm>

#include "importance.h"
#include "offset_search.h"
#include "positive_search.h"
#include "quipu/sdk/quantize.h"
#include "rounding.h"

namespace {

/// What distinguishes the formats. Without importance, errors count by the magnitude of the weight,
/// to which `add_root_mean_square` adds that of its group.
struct OffsetFormat {
  float largest;        // of q
  float largest_scale;  // of s and m
  Divisors divisors;    // without importance
  Error measure;        // without importance
  bool add_root_mean_square;
  float spread;  // the mean square of a block counts this many times; with importance
};

template <int Groups>
struct OffsetBlock {
  float scale, lowest;
  std::uint8_t s[Groups], m[Groups], q[256];
};

/// The integers of scales or minima: `largest` for the greatest, others in proportion.
template <int Groups>
float in_proportion(const Lanes<Groups>& numbers, float largest, std::uint8_t (&integers)[Groups]) {
  float most = 0;
  for (int g = 0; g < Groups; ++g) most = std::max(most, numbers[g]);
  const float inverse = most > 0 ? largest / most : 0;
  for (int g = 0; g < Groups; ++g)
    integers[g] = static_cast<std::uint8_t>(bounded(nearest(inverse * numbers[g]), 0, largest));
  return most / largest;
}

template <int Groups>
OffsetBlock<Groups> quantize_offset_block(const quipu::sdk::Weights& weights,
                                          const OffsetFormat& format) {
  constexpr int columns = 256 / Groups;
  float weight[256];
  if (weights.importance) {
    float sum = 0;
    for (int i = 0; i < 256; ++i) sum += weights.x[i] * weights.x[i];
    weigh(weights.x, weights.importance, format.spread * sum / 256, 256, weight);
  } else {
    for (int g = 0; g < Groups; ++g) {
      const float* x = weights.x + g * columns;
      float sum = 0;
      if (format.add_root_mean_square)
        for (int c = 0; c < columns; ++c) sum += x[c] * x[c];
      const float base = std::sqrt(sum / columns);
      for (int c = 0; c < columns; ++c) weight[g * columns + c] = base + std::abs(x[c]);
    }
  }
  Lanes<Groups> x[columns], w[columns], q[columns];
  load_groups(weights.x, x);
  load_groups(weight, w);

  OffsetBlock<Groups> block;
  if (weights.importance) {
    const auto found =
        search_offset(x, w, format.largest, divisors_with_importance, Error::square, q);
    Lanes<2> pairs[Groups], weight_sums[Groups], integers[Groups];
    for (int g = 0; g < Groups; ++g) {
      pairs[g] = Lanes<2>(0);
      pairs[g].set(0, found.scale[g]);
      pairs[g].set(1, found.minimum[g]);
      weight_sums[g] = Lanes<2>(0);
      for (int c = 0; c < columns; ++c) weight_sums[g] += w[c][g];
    }
    const auto factors = search_positive(pairs, weight_sums, {0, format.largest_scale}, integers);
    for (int g = 0; g < Groups; ++g) {
      block.s[g] = static_cast<std::uint8_t>(integers[g][0]);
      block.m[g] = static_cast<std::uint8_t>(integers[g][1]);
    }
    block.scale = factors[0];
    block.lowest = factors[1];
  } else {
    const auto found = search_offset(x, w, format.largest, format.divisors, format.measure, q);
    block.scale = in_proportion(found.scale, format.largest_scale, block.s);
    block.lowest = in_proportion(found.minimum, format.largest_scale, block.m);
  }

  // The integers that suit the scales as they are stored; where a scale is zero the search's stay.
  Lanes<Groups> scale, minimum;
  for (int g = 0; g < Groups; ++g) {
    scale.set(g, quipu::sdk::as_half(block.scale) * block.s[g]);
    minimum.set(g, quipu::sdk::as_half(block.lowest) * block.m[g]);
  }
  const auto stays = scale == Lanes<Groups>(0);
  for (int c = 0; c < columns; ++c)
    q[c] = select(stays, q[c], nearest((x[c] + minimum) / scale, 0, format.largest));
  store_groups(q, block.q);
  return block;
}

}  // namespace
