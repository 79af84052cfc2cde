// One scale for numbers that are not negative, such as the scales of groups: scale * q, q from 0 to
// `largest`. The best of a few divisors, then step by step. Definition: make_qp_quants of ggml
// (ggml-quants.c), in its order of sums.
#pragma once

#include "stepwise.h"
#include "symmetric_search.h"

namespace {

/// As in a byte, modulo 256.
struct AsByte {
  template <class Numbers>
  Numbers operator()(const Numbers& integer) const {
    constexpr float most = 0x1p22f, half_step = 127.5f / 256;
    return integer - nearest(integer * (1.0f / 256) - half_step, -most, most) * 256;
  }
};

/// Numbers that are negative all the same, as where columns without importance pull a regression
/// askew, become 0 where the lower bound is 0; in ggml they spill into other fields.
template <int Columns, int Count, class Keep = AsItIs>
Lanes<Count> search_positive(const Lanes<Count> (&x)[Columns],
                             const Lanes<Count> (&weight)[Columns], Bounds bounds,
                             Lanes<Count> (&q)[Columns], Keep keep = {}) {
  using Numbers = Lanes<Count>;
  const Numbers zero(0);
  Numbers high(0), inverse(0), best(0);
  for (const auto& value : x) high = larger(high, value);
  for (const int offset : {0, -4, -3, -2, -1, 1, 2, 3, 4}) {
    const auto divisor = Numbers(0.1f * static_cast<float>(offset) + bounds.high) / high;
    const auto scale = Numbers(1) / divisor;
    Numbers error(0);
    for (int c = 0; c < Columns; ++c) {
      auto integer = nearest(divisor * x[c], bounds.low, bounds.high);
      if (offset == 0) integer = keep(integer);
      const auto difference = x[c] - scale * integer;
      error += weight[c] * difference * difference;
    }
    inverse = offset == 0 ? divisor : select(error < best, divisor, inverse);
    best = offset == 0 ? error : select(error < best, error, best);
  }

  const auto scale = fit_stepwise(x, weight, inverse, bounds, q, keep);
  const auto vanishes = high < smallest_magnitude;
  for (auto& value : q) value = select(vanishes, zero, value);
  return select(vanishes, zero, scale);
}

}  // namespace
