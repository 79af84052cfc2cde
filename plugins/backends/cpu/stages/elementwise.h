// Operations on matching elements of one or two matrices. Matrices outlive the jobs; weights are
// float rows that outlive them too.
#pragma once

#include <memory>

#include "plan/job.h"
#include "stages/row_kernels.h"

namespace quipu_cpu {

using JobPointer = std::unique_ptr<Job>;

JobPointer activation_job(const RowKernels& kernels, const quipu_activation& activation,
                          const Matrix& x, const Matrix& y);
JobPointer glu_job(const RowKernels& kernels, const quipu_activation& activation,
                   const Matrix& gate, const Matrix& up, const Matrix& y);
/// b is as wide as a, or one column wide.
JobPointer add_job(const RowKernels& kernels, const Matrix& a, const Matrix& b, const Matrix& y);
JobPointer multiply_job(const RowKernels& kernels, const Matrix& a, const Matrix& b,
                        const Matrix& y);
/// weight: [width], or one element.
JobPointer add_weight_job(const RowKernels& kernels, const Matrix& a, const float* weight,
                          std::uint32_t weight_width, const Matrix& y);
JobPointer multiply_weight_job(const RowKernels& kernels, const Matrix& a, const float* weight,
                               std::uint32_t weight_width, const Matrix& y);
JobPointer scale_job(const RowKernels& kernels, const quipu_scale& scale, const Matrix& x,
                     const Matrix& y);
JobPointer clamp_job(const RowKernels& kernels, const quipu_clamp& clamp, const Matrix& x,
                     const Matrix& y);
JobPointer softcap_job(const RowKernels& kernels, float cap, const Matrix& x, const Matrix& y);

}  // namespace quipu_cpu
