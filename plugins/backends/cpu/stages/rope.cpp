#include "stages/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "stages/row_job.h"

namespace quipu_cpu {
namespace {

/// The pair that makes `turns` full turns within the original context: arXiv:2309.00071, section
/// 3.2, solved for the index.
double pair_with_turns(const quipu_rope& rope, double turns) {
  return rope.rotary * std::log(rope.original_context / (turns * 2 * std::numbers::pi)) /
         (2 * std::log(static_cast<double>(rope.base)));
}

}  // namespace

std::vector<double> rope_frequencies(const quipu_rope& rope, const float* factors) {
  const std::uint32_t pairs = rope.rotary / 2;
  std::vector<double> frequencies(pairs);
  double low = 0, high = 0;
  if (rope.scaling == QUIPU_ROPE_SCALING_YARN) {
    low = std::max(0.0, std::floor(pair_with_turns(rope, rope.beta_fast)));
    high = std::min(rope.rotary - 1.0, std::ceil(pair_with_turns(rope, rope.beta_slow)));
  }
  for (std::uint32_t i = 0; i < pairs; ++i) {
    double frequency = std::pow(static_cast<double>(rope.base), -2.0 * i / rope.rotary);
    if (factors) frequency /= factors[i];
    if (rope.scaling == QUIPU_ROPE_SCALING_LINEAR) frequency /= rope.factor;
    if (rope.scaling == QUIPU_ROPE_SCALING_YARN) {
      // Pairs below `low` turn often enough to be left as they are, those above `high` are
      // interpolated; the paper leaves open what happens when the two meet.
      const double ramp = std::clamp((i - low) / std::max(0.001, high - low), 0.0, 1.0);
      const double kept = (1 - ramp) * rope.extrapolation;
      frequency = frequency / rope.factor * (1 - kept) + frequency * kept;
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

std::unique_ptr<Job> rope_table_job(const std::vector<double>& frequencies, float magnitude,
                                    const Matrix& cosine, const Matrix& sine) {
  // A sine and a cosine in double cost about as much as 64 copied floats.
  return row_job("rope table", cosine.rows, 64 * frequencies.size(),
                 [&frequencies, magnitude, &cosine, &sine](const Step& step, Row row) {
                   const double position =
                       step.batch->positions[token_of(cosine.rows, step, row.index)];
                   for (std::size_t i = 0; i < frequencies.size(); ++i) {
                     const double angle = position * frequencies[i];
                     cosine.row(row)[i] = static_cast<float>(magnitude * std::cos(angle));
                     sine.row(row)[i] = static_cast<float>(magnitude * std::sin(angle));
                   }
                 });
}

void rope_row(const RowKernels& kernels, const quipu_rope& rope, const float* cosine,
              const float* sine, const float* x, float* y) noexcept {
  const auto rotate =
      rope.pairing == QUIPU_ROPE_HALVES ? kernels.rotate_halves : kernels.rotate_adjacent;
  for (std::uint32_t head = 0; head < rope.heads; ++head) {
    rotate(x, cosine, sine, rope.rotary / 2, y);
    if (x != y) std::copy_n(x + rope.rotary, rope.head_width - rope.rotary, y + rope.rotary);
    x += rope.head_width;
    y += rope.head_width;
  }
}

std::unique_ptr<Job> rope_job(const RowKernels& kernels, const quipu_rope& rope,
                              const Matrix& cosine, const Matrix& sine, const Matrix& x,
                              const Matrix& y) {
  return row_job(
      "rope", y.rows, y.width, [&kernels, rope, &cosine, &sine, &x, &y](const Step& step, Row row) {
        const Row token{token_of(y.rows, step, row.index), row.thread};
        rope_row(kernels, rope, cosine.row(token), sine.row(token), x.row(row), y.row(row));
      });
}

}  // namespace quipu_cpu
