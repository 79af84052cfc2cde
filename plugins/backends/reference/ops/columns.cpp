// Operations that move columns and rows.
#include <algorithm>

#include "evaluate.h"

namespace quipu_reference {

Matrix split(const Operands& in) {
  const auto& a = in.attributes<quipu_split>();
  const Matrix& x = in.value(0);
  Matrix y(x.rows, in.width());
  for (std::size_t i = 0; i < x.rows; ++i)
    for (std::size_t g = 0; g < a.groups; ++g)
      std::copy_n(x.row(i) + g * (x.width / a.groups) + a.first, a.count, y.row(i) + g * a.count);
  return y;
}

Matrix concat(const Operands& in) {
  const auto& attributes = in.attributes<quipu_concat>();
  const Matrix &a = in.value(0), &b = in.value(1);
  const std::size_t from_a = a.width / attributes.groups;
  const std::size_t from_b = attributes.shared ? b.width : b.width / attributes.groups;
  Matrix y(a.rows, in.width());
  for (std::size_t i = 0; i < y.rows; ++i)
    for (std::size_t g = 0; g < attributes.groups; ++g) {
      float* out = y.row(i) + g * (from_a + from_b);
      std::copy_n(a.row(i) + g * from_a, from_a, out);
      std::copy_n(b.row(i) + (attributes.shared ? 0 : g * from_b), from_b, out + from_a);
    }
  return y;
}

Matrix select_outputs(const Operands& in) {
  Matrix y(in.rows(), in.width());
  for (std::size_t i = 0; i < y.rows; ++i)
    std::copy_n(in.value(0).row(in.token(i)), y.width, y.row(i));
  return y;
}

}  // namespace quipu_reference
