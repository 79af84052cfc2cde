// The input of matrix products: float rows and, beside them, the same rows as int8 with a scale for
// every 32 columns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quipu_cpu {

struct MatmulKernels;

/// Rows of `columns`, one after another without gaps, as quipu_activations has them. The int8 form
/// exists where columns is a multiple of 32. Memory is the caller's.
struct Activations {
  std::uint32_t columns = 0;
  const float* x = nullptr;         ///< [rows][columns]; null when no matrix reads floats
  std::int8_t* q = nullptr;         ///< [rows][columns]
  float* scale = nullptr;           ///< [rows][columns / 32]: x ~ scale * q
  float* sum32 = nullptr;           ///< [rows][columns / 32]: scale * sum of 32 q
  float* sum16 = nullptr;           ///< [rows][columns / 16]
  std::int32_t* total32 = nullptr;  ///< [rows][columns / 32]: sum of 32 q
  std::int32_t* total16 = nullptr;  ///< [rows][columns / 16]

  /// Bytes of the int8 form of so many rows.
  static std::size_t int8_bytes(std::uint32_t columns, std::uint32_t rows) noexcept;
  /// Lays the int8 form out in memory that begins at a multiple of 64.
  void place_int8(std::uint32_t columns, std::uint32_t rows, std::byte* memory) noexcept;
};

/// Fills row `row` of the int8 form, columns first … first+count-1 (multiples of 32), from x[0 …
/// count-1].
void quantize(const MatmulKernels& kernels, const float* x, Activations& out, std::uint32_t row,
              std::uint32_t first, std::uint32_t count) noexcept;

/// Copies row `from` of one int8 form to row `to` of another with the same columns.
void copy_int8_row(const Activations& source, std::uint32_t from, Activations& target,
                   std::uint32_t to) noexcept;

}  // namespace quipu_cpu
