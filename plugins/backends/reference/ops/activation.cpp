// Activations: SiLU and GELU (arXiv:1606.08415), the gated units of arXiv:2002.05202, and gpt-oss's
// clamped one.
#include "activate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "evaluate.h"

namespace quipu_reference {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

double activate(std::uint32_t kind, double x) {
  switch (kind) {
  case QUIPU_ACT_SILU:
    return x * sigmoid(x);
  case QUIPU_ACT_GELU_ERF:
    return x / 2 * (1 + std::erf(x / std::numbers::sqrt2));
  case QUIPU_ACT_GELU_TANH:
    return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  case QUIPU_ACT_GELU_QUICK:
    return x * sigmoid(1.702 * x);
  case QUIPU_ACT_RELU:
    return std::max(x, 0.0);
  case QUIPU_ACT_RELU_SQUARED:
    return std::max(x, 0.0) * std::max(x, 0.0);
  case QUIPU_ACT_SIGMOID:
    return sigmoid(x);
  default:
    return std::tanh(x);
  }
}

double gated(const quipu_activation& a, double gate, double up) {
  if (a.kind != QUIPU_ACT_SWIGLU_CLAMPED) return activate(a.kind, gate) * up;
  const double g = std::min<double>(gate, a.limit);
  const double u = std::clamp<double>(up, -a.limit, a.limit);
  return g * sigmoid(a.alpha * g) * (u + 1);
}

Matrix activation(const Operands& in) {
  Matrix y = in.value(0);
  for (float& x : y.data)
    x = static_cast<float>(activate(in.attributes<quipu_activation>().kind, x));
  return y;
}

Matrix glu(const Operands& in) {
  Matrix y = in.value(0);
  for (std::size_t i = 0; i < y.data.size(); ++i)
    y.data[i] = static_cast<float>(
        gated(in.attributes<quipu_activation>(), y.data[i], in.value(1).data[i]));
  return y;
}

}  // namespace quipu_reference
