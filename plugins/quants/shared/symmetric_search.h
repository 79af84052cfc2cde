// Scales for weights that are scale * (q - largest), q from 0 to 2 * largest - 1: the search that
// minimises the weighted square error over a few divisors near largest / max |x|. The weight of
// largest magnitude is at q = 0, so the scale has the other sign. Definition: make_qx_quants of
// ggml (ggml-quants.c); sums and products are in its order, so that blocks are the same.
#pragma once

#include "lanes.h"

namespace {

// A group whose weights are all smaller is zero.
constexpr float smallest_magnitude = 1e-15f;

/// The number of largest magnitude, the first of several.
template <int Columns, int Count>
Lanes<Count> extreme(const Lanes<Count> (&x)[Columns]) {
  Lanes<Count> most(0), found(0);
  for (const auto& value : x) {
    const auto size = magnitude(value);
    const auto larger_yet = size > most;
    most = select(larger_yet, size, most);
    found = select(larger_yet, value, found);
  }
  return found;
}

/// Returns the scales and leaves the integers in q.
template <int Columns, int Count>
Lanes<Count> search_symmetric(const Lanes<Count> (&x)[Columns],
                              const Lanes<Count> (&weight)[Columns], float largest,
                              Lanes<Count> (&q)[Columns]) {
  const Lanes<Count> zero(0);
  const auto peak = extreme(x);
  Lanes<Count> scale(0), best(0), trial[Columns];
  constexpr int offsets[] = {0, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (const int offset : offsets) {
    const auto inverse = Lanes<Count>(-(largest + 0.1f * static_cast<float>(offset))) / peak;
    Lanes<Count> sum_xq(0), sum_qq(0);
    for (int c = 0; c < Columns; ++c) {
      trial[c] = nearest(inverse * x[c], -largest, largest - 1);
      sum_xq += weight[c] * x[c] * trial[c];
      sum_qq += weight[c] * trial[c] * trial[c];
    }
    auto better = sum_qq > zero;
    if (offset != 0) better = better & (sum_xq * sum_xq > best * sum_qq);
    scale = select(better, sum_xq / sum_qq, scale);
    best = select(better, scale * sum_xq, best);
    if (offset == 0)
      for (int c = 0; c < Columns; ++c) q[c] = trial[c] + largest;
    else if (better.any())
      for (int c = 0; c < Columns; ++c) q[c] = select(better, trial[c] + largest, q[c]);
  }
  const auto vanishes = magnitude(peak) < smallest_magnitude;
  for (auto& value : q) value = select(vanishes, zero, value);
  return select(vanishes, zero, scale);
}

}  // namespace
