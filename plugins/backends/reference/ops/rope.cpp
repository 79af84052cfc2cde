// Rotary embedding (arXiv:2104.09864), with the stretched contexts of YaRN (arXiv:2309.00071) and
// LongRoPE (arXiv:2402.13753).
#include "rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "evaluate.h"

namespace quipu_reference {
namespace {

// The pair that turns `turns` times over the original context: arXiv:2309.00071, section 3.2.
double pair_of(const quipu_rope& rope, double turns) {
  const double wavelength = rope.original_context / turns;
  return rope.rotary * std::log(wavelength / (2 * std::numbers::pi)) /
         (2 * std::log(static_cast<double>(rope.base)));
}

// How far pair i is interpolated: 0 = it turns as in the original context, 1 = `factor` times
// slower.
double interpolated(const quipu_rope& rope, std::size_t i) {
  const double low = std::max(0.0, std::floor(pair_of(rope, rope.beta_fast)));
  const double high = std::min(rope.rotary - 1.0, std::ceil(pair_of(rope, rope.beta_slow)));
  // The width of the ramp is kept from being zero, as the authors' code does.
  const double width = high > low ? high - low : 0.001;
  const double ramp = std::clamp((static_cast<double>(i) - low) / width, 0.0, 1.0);
  return 1 - (1 - ramp) * rope.extrapolation;
}

}  // namespace

std::vector<double> rope_frequencies(const quipu_rope& rope, std::span<const float> factors) {
  std::vector<double> frequencies(rope.rotary / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    double frequency =
        std::pow(static_cast<double>(rope.base), -2.0 * static_cast<double>(i) / rope.rotary);
    if (!factors.empty()) frequency /= factors[i];
    if (rope.scaling == QUIPU_ROPE_SCALING_LINEAR) frequency /= rope.factor;
    if (rope.scaling == QUIPU_ROPE_SCALING_YARN) {
      const double share = interpolated(rope, i);
      frequency = share * frequency / rope.factor + (1 - share) * frequency;
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

void turn(const quipu_rope& rope, std::span<const double> frequencies, double position,
          double magnitude, float* head) {
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    float& first = rope.pairing == QUIPU_ROPE_ADJACENT ? head[2 * i] : head[i];
    float& second =
        rope.pairing == QUIPU_ROPE_ADJACENT ? head[2 * i + 1] : head[i + frequencies.size()];
    const double cosine = magnitude * std::cos(position * frequencies[i]);
    const double sine = magnitude * std::sin(position * frequencies[i]);
    const double x = first, y = second;
    first = static_cast<float>(x * cosine - y * sine);
    second = static_cast<float>(x * sine + y * cosine);
  }
}

Matrix rope(const Operands& in, std::uint32_t context) {
  const auto& a = in.attributes<quipu_rope>();
  const bool stretched = a.scaling == QUIPU_ROPE_SCALING_LONG && context > a.original_context;
  const auto frequencies = rope_frequencies(a, in.numbers(stretched ? 2 : 1));
  Matrix y = in.value(0);
  for (std::size_t i = 0; i < y.rows; ++i)
    for (std::size_t head = 0; head < a.heads; ++head)
      turn(a, frequencies, in.position(i), a.magnitude, y.row(i) + head * a.head_width);
  return y;
}

}  // namespace quipu_reference
