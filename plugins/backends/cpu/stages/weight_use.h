// What jobs that multiply say of their weights: which ways they took.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "matmul/matmul.h"
#include "plan/job.h"

namespace quipu_cpu {

/// Adds to `work` the product of so many tokens with the weight that the job counts as its `index`,
/// below 6.
void add_product(Work& work, std::uint32_t index, const WeightMatrix& matrix,
                 std::uint32_t tokens) noexcept;

/// What Job::weights() gives for the weights that were counted as 0, 1, …
std::vector<WeightUse> weight_uses(std::span<const WeightMatrix* const> matrices,
                                   std::uint32_t kernels);

}  // namespace quipu_cpu
