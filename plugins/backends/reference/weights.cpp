#include "weights.h"

namespace quipu_reference {

std::uint64_t row_count(const quipu_tensor& tensor) {
  return tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
}

std::vector<float> read_row(const quipu_tensor& tensor, std::uint64_t row) {
  std::vector<float> numbers(tensor.shape[0]);
  const auto* first = static_cast<const std::byte*>(tensor.data) + row * tensor.row_bytes;
  tensor.codec->dequantize(first, numbers.size(), numbers.data());
  return numbers;
}

std::vector<float> read_all(const quipu_tensor& tensor) {
  std::vector<float> numbers;
  for (std::uint64_t row = 0; row < row_count(tensor); ++row) {
    const auto next = read_row(tensor, row);
    numbers.insert(numbers.end(), next.begin(), next.end());
  }
  return numbers;
}

Matrix multiply(const Matrix& x, const quipu_tensor& tensor, std::uint64_t first,
                std::uint64_t count) {
  Matrix y(x.rows, count);
  for (std::uint64_t r = 0; r < count; ++r) {
    const auto weights = read_row(tensor, first + r);
    for (std::size_t token = 0; token < x.rows; ++token) {
      double sum = 0;
      for (std::size_t j = 0; j < x.width; ++j)
        sum += static_cast<double>(weights[j]) * x.row(token)[j];
      y.row(token)[r] = static_cast<float>(sum);
    }
  }
  return y;
}

}  // namespace quipu_reference
