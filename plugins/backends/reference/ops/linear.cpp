// x * weight^T + bias, or each group of columns times its own matrix.
#include <algorithm>

#include "evaluate.h"

namespace quipu_reference {

namespace {

Matrix linear_by_group(const Matrix& x, const quipu_tensor& weight) {
  const std::uint64_t groups = weight.shape[2], columns = weight.shape[0], rows = weight.shape[1];
  Matrix y(x.rows, groups * rows);
  for (std::uint64_t g = 0; g < groups; ++g) {
    Matrix part(x.rows, columns);
    for (std::size_t i = 0; i < x.rows; ++i)
      std::copy_n(x.row(i) + g * columns, columns, part.row(i));
    const Matrix product = multiply(part, weight, g * rows, rows);
    for (std::size_t i = 0; i < x.rows; ++i) std::copy_n(product.row(i), rows, y.row(i) + g * rows);
  }
  return y;
}

}  // namespace

Matrix linear(const Operands& in) {
  if (in.weight(1).shape[2] > 1) return linear_by_group(in.value(0), in.weight(1));
  in.observe(1, 0, in.value(0));
  Matrix y = multiply(in.value(0), in.weight(1), 0, in.width());
  const auto bias = in.numbers(2);
  for (std::size_t i = 0; i < y.rows; ++i)
    for (std::size_t j = 0; j < bias.size(); ++j) y.row(i)[j] += bias[j];
  return y;
}

}  // namespace quipu_reference
