// What products of floats have one variant of per instruction set. Included by kernel files:
// nothing here emits code.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace quipu_cpu {

/// Rows of a stretch of columns that will be multiplied next, to be fetched meanwhile.
struct FloatsAhead {
  const uint8_t* rows;
  uint32_t count;
  size_t stride;
  uint32_t bytes;  ///< of each row
};

/// Rows of weights and rows of activations by a stretch of columns. Strides of w and x are bytes,
/// those of y floats.
struct FloatProduct {
  const uint8_t* w;
  size_t w_stride;
  uint32_t rows;
  const uint8_t* x;
  size_t x_stride;
  uint32_t tokens;  ///< up to FloatKernels::tokens
  uint32_t columns;
  bool continues;  ///< y holds the sums of the columns before
  float* y;
  size_t y_stride;
  FloatsAhead ahead;
};

/// y[t * y_stride + r] = sum over j of w[r][j] * x[t][j], which depends on nothing but this row,
/// this token and where stretches begin.
using FloatMultiply = void (*)(const FloatProduct& product) noexcept;

struct FloatKernels {
  uint32_t tokens;
  FloatMultiply multiply;  ///< floats by floats
  FloatMultiply halves;    ///< halves by floats; null: they are made floats before
  FloatMultiply bfloats;   ///< upper halves of floats by floats, likewise
  /// Bfloats by bfloats, for processors that have AVX512-BF16; null: there is nothing
  /// faster than floats.
  FloatMultiply rounded;
  /// To the nearest bfloat, ties to even.
  void (*round)(const float* x, uint32_t count, uint16_t* out) noexcept;
};

/// The best variant of at most this level.
const FloatKernels& float_kernels(uint32_t isa) noexcept;

}  // namespace quipu_cpu
