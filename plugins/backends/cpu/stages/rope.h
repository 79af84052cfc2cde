// Rotary position embedding (arXiv:2104.09864).
#pragma once

#include <memory>
#include <vector>

#include "plan/job.h"
#include "stages/row_kernels.h"

namespace quipu_cpu {

/// Angle by which each pair turns per position, in radians. `factors` [rotary / 2] may be null.
/// LINEAR and YaRN (arXiv:2309.00071) are part of it; LONG is only a choice of factors.
std::vector<double> rope_frequencies(const quipu_rope& rope, const float* factors);

/// Writes cosine and sine [tokens, pairs] of each token's angles, times `magnitude`. The
/// frequencies outlive the job.
std::unique_ptr<Job> rope_table_job(const std::vector<double>& frequencies, float magnitude,
                                    const Matrix& cosine, const Matrix& sine);

/// Turns the first `rotary` columns of every head and copies the others.
void rope_row(const RowKernels& kernels, const quipu_rope& rope, const float* cosine,
              const float* sine, const float* x, float* y) noexcept;

std::unique_ptr<Job> rope_job(const RowKernels& kernels, const quipu_rope& rope,
                              const Matrix& cosine, const Matrix& sine, const Matrix& x,
                              const Matrix& y);

}  // namespace quipu_cpu
