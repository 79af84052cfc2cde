// The panel path: weights of 32 rows by a stretch of columns unpacked once, then multiplied with
// every token.
#pragma once

#include "matmul/matmul.h"

namespace quipu_cpu {

std::size_t panel_scratch_bytes(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;

/// Columns that are unpacked together.
std::uint32_t stretch_columns(const WeightMatrix& matrix) noexcept;

/// As multiply(); `first` is a multiple of 32. The int8 form of x is of one stretch, or of
/// stretches of stretch_columns(), which far caches deliver faster: no prefetcher follows pieces of
/// rows that lie a row apart (Zen 5, prefill of 512 tokens: TinyLlama Q4_0 and Q4_K_M 3 %).
void multiply_panels(const WeightMatrix& matrix, const Activations& x, std::uint32_t tokens,
                     std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                     std::byte* scratch, const Addition& more, const Following& following) noexcept;

}  // namespace quipu_cpu
