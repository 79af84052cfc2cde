#include "stages/weight_use.h"

#include <iterator>

#include "matmul/strips.h"

namespace quipu_cpu {
namespace {

constexpr Way ways[] = {Way::dot, Way::panel, Way::strips, Way::float_dot, Way::float_tile};

// Five bits of Work::kernels for each weight, one for each way.
std::uint32_t bit(std::uint32_t index, Way way) {
  return 1u << (std::size(ways) * index + static_cast<std::uint32_t>(way));
}

}  // namespace

void add_product(Work& work, std::uint32_t index, const WeightMatrix& matrix,
                 std::uint32_t tokens) noexcept {
  if (tokens == 0) return;
  work.bytes += matrix.strips ? strips_bytes(matrix, *matrix.form) : matrix.bytes();
  work.multiply_adds += std::uint64_t{tokens} * matrix.rows * matrix.columns;
  work.kernels |= bit(index, way(matrix, tokens));
}

std::vector<WeightUse> weight_uses(std::span<const WeightMatrix* const> matrices,
                                   std::uint32_t kernels) {
  std::vector<WeightUse> uses;
  for (std::uint32_t index = 0; index < matrices.size(); ++index) {
    WeightUse use{matrices[index]->tensor, {}};
    for (const Way way : ways) {
      if (!(kernels & bit(index, way))) continue;
      if (!use.kernel.empty()) use.kernel += " or ";
      use.kernel += kernel_name(*matrices[index], way);
    }
    uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace quipu_cpu
