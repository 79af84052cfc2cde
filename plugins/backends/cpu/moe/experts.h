// A mixture of experts as jobs: route, sort tokens by expert, multiply per expert, add up.
//
// A slot is one (token, chosen expert) pair; slots are ordered by expert, then by token. Experts
// that got one token read it where it is, the others a copy of their tokens' rows.
#pragma once

#include <memory>
#include <vector>

#include "moe/router.h"
#include "stages/linear.h"

namespace quipu_cpu {

/// Constant parts of the node. Biases are [experts, rows] or null; gate is empty for experts
/// without one.
struct Experts {
  quipu_moe moe;
  RouterWeights router;
  std::vector<WeightMatrix> gate, up, down;
  const float *gate_bias = nullptr, *up_bias = nullptr, *down_bias = nullptr;
  // Who is shown what these weights multiply, or null, and what orders the jobs that do.
  const quipu_observer* observer = nullptr;
  Buffer* observed = nullptr;
  struct {
    const quipu_tensor *gate, *up, *down;
  } tensors{};
};

/// Adds the jobs. `logits` [rows, experts] are the router's, `in` is the experts' input, whose int8
/// form somebody has to write.
void add_experts(const RowKernels& kernels, Experts experts, const Matrix& logits, LinearInput& in,
                 const Matrix& y, Program& program);

}  // namespace quipu_cpu
