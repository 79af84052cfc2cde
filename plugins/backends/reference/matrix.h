// A value of the graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quipu_reference {

/// [rows, width], row-major.
struct Matrix {
  Matrix() = default;
  Matrix(std::size_t row_count, std::size_t columns)
      : rows(row_count), width(columns), data(row_count * columns) {}

  float* row(std::size_t i) { return data.data() + i * width; }
  const float* row(std::size_t i) const { return data.data() + i * width; }

  std::size_t rows = 0, width = 0;
  std::vector<float> data;
};

}  // namespace quipu_reference
