// Weights as numbers, whatever their format: through the codec's dequantize.
#pragma once

#include <vector>

#include "matrix.h"
#include "quipu/abi/backend.h"

namespace quipu_reference {

/// Rows of shape[0] columns, counted through all matrices of the tensor.
std::uint64_t row_count(const quipu_tensor& tensor);

/// One row, shape[0] numbers.
std::vector<float> read_row(const quipu_tensor& tensor, std::uint64_t row);

/// All rows, one after the other.
std::vector<float> read_all(const quipu_tensor& tensor);

/// x [tokens, columns] times rows first … first + count - 1, transposed: [tokens, count].
Matrix multiply(const Matrix& x, const quipu_tensor& tensor, std::uint64_t first,
                std::uint64_t count);

}  // namespace quipu_reference
