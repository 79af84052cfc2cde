#include "plan/weights.h"

#include <algorithm>

namespace quipu_cpu {

WeightMatrix Weights::slice(const quipu_tensor& tensor, std::uint64_t index) const {
  WeightMatrix matrix = weight_matrix(tensor, isa_, deterministic_, index);
  copies_.apply(matrix, index);
  return matrix;
}

const WeightMatrix& Weights::matrix(const quipu_tensor& tensor) {
  const auto [at, added] = matrices_.try_emplace(&tensor);
  if (added) at->second.push_back(slice(tensor, 0));
  return at->second.front();
}

const std::vector<WeightMatrix>& Weights::slices(const quipu_tensor& tensor) {
  const auto [at, added] = matrices_.try_emplace(&tensor);
  if (added)
    for (std::uint64_t index = 0; index < tensor.shape[2]; ++index)
      at->second.push_back(slice(tensor, index));
  return at->second;
}

const float* Weights::floats(const quipu_tensor& tensor) {
  const auto [at, added] = floats_.try_emplace(&tensor);
  if (added) {
    const std::uint64_t rows = tensor.shape[1] * tensor.shape[2] * tensor.shape[3];
    at->second.resize(tensor.shape[0] * rows);
    for (std::uint64_t row = 0; row < rows; ++row)
      tensor.codec->dequantize(static_cast<const std::byte*>(tensor.data) + row * tensor.row_bytes,
                               tensor.shape[0], at->second.data() + row * tensor.shape[0]);
  }
  return at->second.data();
}

const std::vector<double>& Weights::frequencies(std::vector<double> values) {
  const auto found = std::find(frequencies_.begin(), frequencies_.end(), values);
  return found != frequencies_.end() ? *found : frequencies_.emplace_back(std::move(values));
}

}  // namespace quipu_cpu
