// The output head: a product whose input is quantised twice, once as it is and once what that left
// over.
//
// The head's error goes straight into the logits, where that of other layers is averaged by those
// that follow: on SmolLM2 it made a quarter of the KL divergence from exact arithmetic. The second
// form brings the input to about 16 bits. While decoding it costs next to nothing, for the weights
// are read once for both.
#pragma once

#include "stages/linear.h"

namespace quipu_cpu {

/// Whether the weight reads int8, however many tokens there are.
bool can_be_precise(const WeightMatrix& weight, std::uint32_t batch) noexcept;

/// Adds the jobs for y = x * weight^T + bias to the program.
void add_precise_linear(const RowKernels& kernels, const LinearPart& linear, const Matrix& x,
                        const Matrix& y, Program& program);

}  // namespace quipu_cpu
