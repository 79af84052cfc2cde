// RMS norm (arXiv:1910.07467) and layer norm (arXiv:1607.06450), over a row or over each group of
// its columns.
#include <cmath>

#include "evaluate.h"

namespace quipu_reference {

Matrix norm(const Operands& in) {
  const auto& a = in.attributes<quipu_norm>();
  const Matrix& x = in.value(0);
  const auto gain = in.numbers(1), bias = in.numbers(2);
  const std::size_t group = a.group ? a.group : x.width;
  Matrix y(x.rows, x.width);
  for (std::size_t i = 0; i < x.rows; ++i)
    for (std::size_t first = 0; first < x.width; first += group) {
      const float* values = x.row(i) + first;
      double mean = 0, variance = 0;
      if (a.kind == QUIPU_NORM_LAYER)
        for (std::size_t j = 0; j < group; ++j) mean += values[j] / static_cast<double>(group);
      for (std::size_t j = 0; j < group; ++j)
        variance += (values[j] - mean) * (values[j] - mean) / static_cast<double>(group);
      const double factor = 1 / std::sqrt(variance + a.epsilon);
      for (std::size_t j = 0; j < group; ++j) {
        double value = (values[j] - mean) * factor;
        if (!gain.empty()) value *= gain[gain.size() == group ? j : first + j];
        if (!bias.empty()) value += bias[bias.size() == group ? j : first + j];
        y.row(i)[first + j] = static_cast<float>(value);
      }
    }
  return y;
}

}  // namespace quipu_reference
