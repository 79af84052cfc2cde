// x * weight^T + bias.
#include "evaluate.h"

namespace quipu_reference {

Matrix linear(const Operands& in) {
  in.observe(1, 0, in.value(0));
  Matrix y = multiply(in.value(0), in.weight(1), 0, in.width());
  const auto bias = in.numbers(2);
  for (std::size_t i = 0; i < y.rows; ++i)
    for (std::size_t j = 0; j < bias.size(); ++j) y.row(i)[j] += bias[j];
  return y;
}

}  // namespace quipu_reference
