// Operations on each number by itself.
#include <algorithm>
#include <cmath>

#include "evaluate.h"

namespace quipu_reference {
namespace {

// b is a weight [width], a value [tokens, 1], or a value as wide as a.
template <class Function>
Matrix combine(const Operands& in, Function function) {
  Matrix y = in.value(0);
  const auto weight = in.is_weight(1) ? in.numbers(1) : std::vector<float>{};
  for (std::size_t i = 0; i < y.rows; ++i)
    for (std::size_t j = 0; j < y.width; ++j) {
      float b = 0;
      if (in.is_weight(1))
        b = weight[j];
      else
        b = in.value(1).row(i)[in.value(1).width == 1 ? 0 : j];
      y.row(i)[j] = function(y.row(i)[j], b);
    }
  return y;
}

}  // namespace

Matrix add(const Operands& in) {
  return combine(in, [](float a, float b) { return a + b; });
}

Matrix mul(const Operands& in) {
  return combine(in, [](float a, float b) { return a * b; });
}

Matrix scale(const Operands& in) {
  const auto& a = in.attributes<quipu_scale>();
  Matrix y = in.value(0);
  for (std::size_t i = 0; i < y.rows; ++i) {
    const double factor =
        a.kind == QUIPU_SCALE_CONSTANT
            ? a.factor
            : 1 + a.factor *
                      std::log(1 + std::floor(in.position(i) / static_cast<double>(a.period)));
    for (std::size_t j = 0; j < y.width; ++j)
      y.row(i)[j] = static_cast<float>(factor * y.row(i)[j]);
  }
  return y;
}

Matrix clamp(const Operands& in) {
  const auto& a = in.attributes<quipu_clamp>();
  Matrix y = in.value(0);
  for (float& x : y.data) x = std::min(std::max(x, a.low), a.high);
  return y;
}

Matrix softcap(const Operands& in) {
  const double cap = in.attributes<quipu_scale>().factor;
  Matrix y = in.value(0);
  for (float& x : y.data) x = static_cast<float>(cap * std::tanh(x / cap));
  return y;
}

}  // namespace quipu_reference
