// The panel path: weights of 32 rows by a stretch of columns unpacked once, then multiplied with
// every token.
#pragma once

#include "matmul/matmul.h"

namespace quipu_cpu {

std::size_t panel_scratch_bytes(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;

/// As multiply(); `first` is a multiple of 32.
void multiply_panels(const WeightMatrix& matrix, const Activations& x, std::uint32_t tokens,
                     std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                     std::byte* scratch, const Addition& more, const Following& following) noexcept;

}  // namespace quipu_cpu
