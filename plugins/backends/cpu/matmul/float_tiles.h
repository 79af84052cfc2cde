// The path of floats for many tokens: a stretch of columns of some rows, as floats or as they lie
// in the file, then multiplied with every token.
#pragma once

#include "matmul/kernels.h"
#include "matmul/matmul.h"

namespace quipu_cpu {

/// Rows that a task has at least.
constexpr std::uint32_t float_tile_rows = 64;

/// The fastest form that `kernels` have for weights of a codec.
FloatForm float_form(const quipu_codec& codec, const MatmulKernels& kernels) noexcept;

/// Whether activations are rounded to bfloats for so many tokens.
bool rounds(const FloatForm& form, std::uint32_t tokens) noexcept;

std::size_t float_tiles_scratch_bytes(const WeightMatrix& matrix) noexcept;

/// As multiply(), but that the addend comes first, before any product: it may lie where y is.
void multiply_float_tiles(const WeightMatrix& matrix, const Activations& x, std::uint32_t tokens,
                          std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                          std::byte* scratch, const Addition& more,
                          const Following& following) noexcept;

}  // namespace quipu_cpu
