// Operations that move rows and columns about: split, concat, the rows of wanted tokens, host
// functions.
#pragma once

#include <memory>
#include <vector>

#include "plan/job.h"

namespace quipu_cpu {

std::unique_ptr<Job> split_job(const quipu_split& split, const Matrix& x, const Matrix& y);
std::unique_ptr<Job> concat_job(const quipu_concat& concat, const Matrix& a, const Matrix& b,
                                const Matrix& y);
/// x has a row per token, y one per wanted token.
std::unique_ptr<Job> select_job(const Matrix& x, const Matrix& y);
std::unique_ptr<Job> copy_job(const Matrix& x, const Matrix& y);

/// An input of a host function: a matrix, or a weight's floats.
struct HostInput {
  const Matrix* matrix;
  const float* weight;
};
/// One task: the function is the plugin's, which may look across rows.
std::unique_ptr<Job> host_job(const quipu_host_op& op, std::vector<HostInput> inputs,
                              const Matrix& y);

}  // namespace quipu_cpu
