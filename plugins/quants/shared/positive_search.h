// One scale for numbers that are not negative, such as the scales of groups: scale * q, q from 0 to
// `largest`. The best of a few divisors, then integers one by one to where they fit the scale
// better. Definition: make_qp_quants of ggml (ggml-quants.c), in its order of sums.
#pragma once

#include "symmetric_search.h"

namespace {

template <int Columns, int Count>
Lanes<Count> search_positive(const Lanes<Count> (&x)[Columns], const float (&weight)[Columns],
                             float largest, Lanes<Count> (&q)[Columns]) {
  using Numbers = Lanes<Count>;
  const Numbers zero(0);
  Numbers high(0), inverse(0), best(0);
  for (const auto& value : x) high = larger(high, value);
  for (const int offset : {0, -4, -3, -2, -1, 1, 2, 3, 4}) {
    const auto divisor = Numbers(0.1f * static_cast<float>(offset) + largest) / high;
    const auto scale = Numbers(1) / divisor;
    Numbers error(0);
    for (int c = 0; c < Columns; ++c) {
      const auto difference = x[c] - scale * nearest(divisor * x[c], 0, largest);
      error += Numbers(weight[c]) * difference * difference;
    }
    inverse = offset == 0 ? divisor : select(error < best, divisor, inverse);
    best = offset == 0 ? error : select(error < best, error, best);
  }

  Numbers sum_xq(0), sum_qq(0);
  for (int c = 0; c < Columns; ++c) {
    q[c] = nearest(inverse * x[c], 0, largest);
    sum_xq += Numbers(weight[c]) * x[c] * q[c];
    sum_qq += Numbers(weight[c]) * q[c] * q[c];
  }
  bool changed = true;
  for (int pass = 0; pass < 5 && changed; ++pass) {
    changed = false;
    for (int c = 0; c < Columns; ++c) {
      const Numbers w(weight[c]);
      const auto others_xq = sum_xq - w * x[c] * q[c], others_qq = sum_qq - w * q[c] * q[c];
      const auto trial = nearest(x[c] * others_qq / others_xq, 0, largest);
      const auto trial_xq = others_xq + w * x[c] * trial, trial_qq = others_qq + w * trial * trial;
      const auto better = (others_xq > zero) & (others_qq > zero) & (trial != q[c]) &
                          (trial_xq * trial_xq * sum_qq > sum_xq * sum_xq * trial_qq);
      if (!better.any()) continue;
      changed = true;
      q[c] = select(better, trial, q[c]);
      sum_xq = select(better, trial_xq, sum_xq);
      sum_qq = select(better, trial_qq, sum_qq);
    }
  }
  const auto vanishes = high < smallest_magnitude;
  for (auto& value : q) value = select(vanishes, zero, value);
  return select(vanishes, zero, select(sum_qq > zero, sum_xq / sum_qq, zero));
}

}  // namespace
