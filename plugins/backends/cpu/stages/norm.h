// RMS and layer norm, of whole rows or of groups of columns.
#pragma once

#include <memory>

#include "plan/job.h"
#include "stages/row_kernels.h"

namespace quipu_cpu {

/// A gain or bias: null, or floats that outlive the job, as many as a group or as a row has
/// columns.
struct NormWeight {
  const float* values = nullptr;
  std::uint32_t width = 0;
};

std::unique_ptr<Job> norm_job(const RowKernels& kernels, const quipu_norm& norm, NormWeight gain,
                              NormWeight bias, const Matrix& x, const Matrix& y);

}  // namespace quipu_cpu
