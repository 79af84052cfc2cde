// Each group of columns times a matrix of its own: the heads of multi-head latent attention
// (arXiv:2405.04434, section 2.1).
#pragma once

#include <vector>

#include "stages/linear.h"

namespace quipu_cpu {

/// y: the products of all groups side by side. The matrices have one shape.
std::unique_ptr<Job> grouped_linear_job(const std::vector<WeightMatrix>& matrices, const Matrix& x,
                                        const Matrix& y, const Scratch& scratch);
std::size_t grouped_scratch_bytes(const std::vector<WeightMatrix>& matrices, std::uint32_t batch);

}  // namespace quipu_cpu
