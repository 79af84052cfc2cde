// Weights copied for many tokens: strips of 32 rows, in an order that the kernels multiply with as
// it is. A copy is made of what a codec unpacks, so that no codec needs to know of it.
#pragma once

#include "matmul/kernels.h"
#include "matmul/matmul.h"

namespace quipu_cpu {

/// Whether the matrix can be copied.
bool can_be_strips(const WeightMatrix& matrix) noexcept;

inline std::uint32_t strip_count(const WeightMatrix& matrix) noexcept {
  return (matrix.rows + panel_rows - 1) / panel_rows;
}

/// What weights demand of a form. Those of several strips are put together with join().
struct StripNeeds {
  std::uint8_t largest = 0;  ///< byte
  bool fits_halves = true;   ///< all scales and minima
  void join(const StripNeeds& other) noexcept;
};
/// Of strip `index`. `scratch`: of strip_scratch_bytes(), 64-byte aligned, as for copy_strip().
StripNeeds strip_needs(const WeightMatrix& matrix, std::uint32_t index,
                       std::byte* scratch) noexcept;
std::size_t strip_scratch_bytes(const WeightMatrix& matrix) noexcept;

/// The smallest form.
StripForm strip_form(const quipu_codec& codec, const StripNeeds& needs) noexcept;
/// Of all strips of a matrix: a multiple of 64.
std::uint64_t strips_bytes(const WeightMatrix& matrix, const StripForm& form) noexcept;
/// Writes strip `index` to its place in `strips`, 64-byte aligned. Rows past the last are zeros.
void copy_strip(const WeightMatrix& matrix, const StripForm& form, std::uint32_t index,
                std::byte* scratch, std::byte* strips) noexcept;

std::size_t strips_scratch_bytes(std::uint32_t tokens) noexcept;
/// As multiply(), with a matrix that has strips; `first` is a multiple of 32.
void multiply_strips(const WeightMatrix& matrix, const Activations& x, std::uint32_t tokens,
                     std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                     std::byte* scratch, const Addition& more, const Following& following) noexcept;

}  // namespace quipu_cpu
