// Scales and minima for weights that are scale * q - minimum, q from 0 to `largest`: the search
// that minimises the weighted error over a few divisors of the range, each with the scale and
// minimum of a linear regression; a better minimum is where the next divisors start. Definition:
// make_qkx2_quants and make_qkx3_quants of ggml (ggml-quants.c); sums and products are in its
// order, so that blocks are the same.
#pragma once

#include "lanes.h"

namespace {

enum class Error { square, absolute };

/// Divisors are largest + first + i * step, i from 0 to `count`.
struct Divisors {
  float first, step;
  int count;
};

/// What ggml takes for all formats where an importance is known.
constexpr Divisors divisors_with_importance{-0.9f, 0.05f, 36};

template <int Count>
struct Offset {
  Lanes<Count> scale, minimum;
};

/// Leaves the integers in q.
template <int Columns, int Count>
Offset<Count> search_offset(const Lanes<Count> (&x)[Columns], const Lanes<Count> (&weight)[Columns],
                            float largest, Divisors divisors, Error measure,
                            Lanes<Count> (&q)[Columns]) {
  const Lanes<Count> zero(0);
  auto minimum = x[0], high = x[0], sum_w = weight[0], sum_x = weight[0] * x[0];
  for (int c = 1; c < Columns; ++c) {
    minimum = smaller(x[c], minimum);
    high = larger(x[c], high);
    sum_w += weight[c];
    sum_x += weight[c] * x[c];
  }
  minimum = smaller(minimum, zero);
  const auto flat = high == minimum;
  const auto error_of = [&](const Lanes<Count>(&integers)[Columns], const Lanes<Count>& by,
                            const Lanes<Count>& from) {
    Lanes<Count> sum(0);
    for (int c = 0; c < Columns; ++c) {
      const auto difference = by * integers[c] + from - x[c];
      sum +=
          weight[c] * (measure == Error::square ? difference * difference : magnitude(difference));
    }
    return sum;
  };

  auto inverse = Lanes<Count>(largest) / (high - minimum);
  auto scale = Lanes<Count>(1) / inverse;
  for (int c = 0; c < Columns; ++c) q[c] = nearest(inverse * (x[c] - minimum), 0, largest);
  auto best = error_of(q, scale, minimum);

  Lanes<Count> trial[Columns];
  for (int i = 0; i <= divisors.count; ++i) {
    inverse = Lanes<Count>(divisors.first + divisors.step * static_cast<float>(i) + largest) /
              (high - minimum);
    Lanes<Count> sum_q(0), sum_qq(0), sum_xq(0);
    for (int c = 0; c < Columns; ++c) {
      trial[c] = nearest(inverse * (x[c] - minimum), 0, largest);
      const auto weighted = weight[c] * trial[c];
      sum_q += weighted;
      sum_qq += weighted * trial[c];
      sum_xq += weighted * x[c];
    }
    const auto determinant = sum_w * sum_qq - sum_q * sum_q;
    auto trial_scale = (sum_w * sum_xq - sum_x * sum_q) / determinant;
    auto trial_minimum = (sum_qq * sum_x - sum_q * sum_xq) / determinant;
    const auto above = trial_minimum > zero;
    trial_minimum = select(above, zero, trial_minimum);
    trial_scale = select(above, sum_xq / sum_qq, trial_scale);
    const auto error = error_of(trial, trial_scale, trial_minimum);
    const auto better = (determinant > zero) & (error < best);
    if (!better.any()) continue;
    for (int c = 0; c < Columns; ++c) q[c] = select(better, trial[c], q[c]);
    best = select(better, error, best);
    scale = select(better, trial_scale, scale);
    minimum = select(better, trial_minimum, minimum);
  }
  for (auto& value : q) value = select(flat, zero, value);
  return {select(flat, zero, scale), -minimum};
}

}  // namespace
