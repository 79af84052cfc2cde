// What weights are multiplied with, shown to an observer.
#pragma once

#include <memory>

#include "plan/job.h"
#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// One task. Keeps references to all three.
std::unique_ptr<Job> observe_job(const quipu_observer& observer, const quipu_tensor& weight,
                                 const Matrix& x);

}  // namespace quipu_cpu
