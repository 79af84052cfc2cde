// Scales for weights that are scale * level[q], with the levels of IQ4_NL and IQ4_XS: the search
// that minimises the weighted square error over a few divisors. Definition:
// quantize_row_iq4_nl_impl of ggml (ggml-quants.c); sums and products are in its order, so that
// blocks are the same.
#pragma once

#include <cmath>

#include "iq4_levels.h"
#include "symmetric_search.h"

namespace {

/// As iq4_levels has it, without the 127.
constexpr float iq4_level(int code) {
  return static_cast<float>(iq4_levels[code]) - 127;
}

/// The level nearest to x, the greater of two.
template <int Count>
Lanes<Count> nearest_iq4_level(const Lanes<Count>& x) {
  Lanes<Count> level(iq4_level(0));
  for (int i = 1; i < 16; ++i)
    level = select(x < Lanes<Count>((iq4_level(i - 1) + iq4_level(i)) / 2), level,
                   Lanes<Count>(iq4_level(i)));
  return level;
}

inline std::uint8_t nearest_iq4_code(float x) {
  int code = 0;
  for (int i = 1; i < 16; ++i) code += x >= (iq4_level(i - 1) + iq4_level(i)) / 2;
  return static_cast<std::uint8_t>(code);
}

/// Returns the scales; 0 where a group vanishes.
template <int Columns, int Count>
Lanes<Count> search_iq4(const Lanes<Count> (&x)[Columns], const Lanes<Count> (&weight)[Columns]) {
  const Lanes<Count> zero(0);
  const auto highest = extreme(x);
  Lanes<Count> scale(0), best(0);
  const auto try_inverse = [&](const Lanes<Count>& inverse, bool first) {
    Lanes<Count> sum_xq(0), sum_qq(0);
    for (int c = 0; c < Columns; ++c) {
      const auto level = nearest_iq4_level(inverse * x[c]);
      sum_xq += weight[c] * level * x[c];
      sum_qq += weight[c] * level * level;
    }
    auto better = sum_qq > zero;
    if (!first) better = better & (sum_xq * sum_xq > best * sum_qq);
    scale = select(better, sum_xq / sum_qq, scale);
    best = select(better, scale * sum_xq, best);
  };
  try_inverse(Lanes<Count>(1) / (-highest / Lanes<Count>(iq4_level(0))), true);
  for (int i = -7; i <= 7; ++i)
    try_inverse(Lanes<Count>(static_cast<float>(i) + iq4_level(0)) / highest, false);
  return select(magnitude(highest) < smallest_magnitude, zero, scale);
}

}  // namespace
