// The input of matrix products: float rows and, beside them, the same rows as int8 with a scale for
// every 32 columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace quipu_cpu {

struct MatmulKernels;

/// Rows of `columns`. The int8 form exists where columns is a multiple of 32; of it, `stretch`
/// columns of all rows lie together, then the next. With one stretch rows follow each other without
/// gaps, as quipu_activations has them. Memory is the caller's.
struct Activations {
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;           ///< that the int8 form has room for
  std::uint32_t stretch = 0;        ///< a multiple of 32, or `columns`
  const float* x = nullptr;         ///< [rows][columns]; null when no matrix reads floats
  std::int8_t* q = nullptr;         ///< [stretches][rows][stretch]; the others as many per 32 or 16
  float* scale = nullptr;           ///< per 32: x ~ scale * q
  float* sum32 = nullptr;           ///< scale * sum of 32 q
  float* sum16 = nullptr;           ///< of 16
  std::int32_t* total32 = nullptr;  ///< sum of 32 q
  std::int32_t* total16 = nullptr;  ///< of 16

  /// Bytes of the int8 form of so many rows.
  static std::size_t int8_bytes(std::uint32_t columns, std::uint32_t rows) noexcept;
  /// Lays the int8 form out in memory that begins at a multiple of 64,
  /// as one stretch.
  void place_int8(std::uint32_t columns, std::uint32_t rows, std::byte* memory) noexcept;

  /// Columns of the stretch that has `column`.
  std::uint32_t width(std::uint32_t column) const noexcept {
    return std::min(stretch, columns - column / stretch * stretch);
  }
  /// Where an element of q is; a 32nd or 16th of it in the other arrays.
  std::size_t at(std::uint32_t row, std::uint32_t column) const noexcept {
    return std::size_t{column} / stretch * stretch * rows + std::size_t{row} * width(column) +
           column % stretch;
  }
};

/// Fills row `row` of the int8 form, columns first … first+count-1 (multiples of 32), from x[0 …
/// count-1].
void quantize(const MatmulKernels& kernels, const float* x, Activations& out, std::uint32_t row,
              std::uint32_t first, std::uint32_t count) noexcept;

/// Copies row `from` of one int8 form to row `to` of another with the same columns, both of one
/// stretch.
void copy_int8_row(const Activations& source, std::uint32_t from, Activations& target,
                   std::uint32_t to) noexcept;

}  // namespace quipu_cpu
