// Moves integers one by one to where they fit the scale that the others have, while the weighted
// square error shrinks. Definition: make_q3_quants and make_qp_quants of ggml (ggml-quants.c), in
// their order of sums.
#pragma once

#include "lanes.h"

namespace {

struct Bounds {
  float low, high;
};

/// How an integer is kept between two looks at it.
struct AsItIs {
  template <class Numbers>
  Numbers operator()(const Numbers& integer) const {
    return integer;
  }
};

/// Starts from the nearest integers of inverse * x; returns the scale, 0 where all are zero.
template <int Columns, int Count, class Keep = AsItIs>
Lanes<Count> fit_stepwise(const Lanes<Count> (&x)[Columns], const Lanes<Count> (&weight)[Columns],
                          const Lanes<Count>& inverse, Bounds bounds, Lanes<Count> (&q)[Columns],
                          Keep keep = {}) {
  const Lanes<Count> zero(0);
  Lanes<Count> sum_xq(0), sum_qq(0);
  for (int c = 0; c < Columns; ++c) {
    const auto integer = nearest(inverse * x[c], bounds.low, bounds.high);
    sum_xq += weight[c] * x[c] * integer;
    sum_qq += weight[c] * integer * integer;
    q[c] = keep(integer);
  }
  bool changed = true;
  for (int pass = 0; pass < 5 && changed; ++pass) {
    changed = false;
    for (int c = 0; c < Columns; ++c) {
      const auto others_xq = sum_xq - weight[c] * x[c] * q[c];
      const auto others_qq = sum_qq - weight[c] * q[c] * q[c];
      const auto trial = nearest(x[c] * others_qq / others_xq, bounds.low, bounds.high);
      const auto trial_xq = others_xq + weight[c] * x[c] * trial;
      const auto trial_qq = others_qq + weight[c] * trial * trial;
      const auto better = (others_xq > zero) & (others_qq > zero) & (trial != q[c]) &
                          (trial_xq * trial_xq * sum_qq > sum_xq * sum_xq * trial_qq);
      if (!better.any()) continue;
      changed = true;
      q[c] = select(better, keep(trial), q[c]);
      sum_xq = select(better, trial_xq, sum_xq);
      sum_qq = select(better, trial_qq, sum_qq);
    }
  }
  return select(sum_qq > zero, sum_xq / sum_qq, zero);
}

}  // namespace
