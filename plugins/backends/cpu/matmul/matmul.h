// Weights times activations. Everything here is for one thread: the plan splits rows over threads
// and gives each its scratch.
//
// Ways, by the number of tokens:
//   few    the codec's `dot` on rows as they lie in the file: at the memory bandwidth
//   many   32 rows at a time unpacked into a panel of small integers, times tiles of six tokens
//   strips weights that were copied for it, for any number
//   floats weights without an integer form: dot for few tokens, tiles for many, OpenBLAS where
//   there
//          are no vectors
// A row's result does not depend on which task computes it. In deterministic mode it does not
// depend on the number of tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "matmul/activations.h"
#include "quipu/abi/backend.h"

namespace quipu_cpu {

struct FloatProduct;
struct MatmulKernels;
struct StripForm;

/// How tiles of floats take a weight.
struct FloatForm {
  using Multiply = void (*)(const FloatProduct& product) noexcept;
  Multiply multiply = nullptr;  ///< null: there are no tiles
  std::uint32_t stored_bytes =
      0;                       ///< of each number, as it lies in the file; 0: made floats before
  Multiply rounded = nullptr;  ///< for many tokens, by bfloats; null: there is nothing faster
};

/// A weight [rows, columns] ready to multiply.
struct WeightMatrix {
  const quipu_tensor* tensor = nullptr;  ///< that it is, or is a slice of
  const std::byte* data = nullptr;
  std::uint64_t row_bytes = 0;
  std::uint32_t rows = 0, columns = 0;
  const quipu_codec* codec = nullptr;
  const quipu_kernels* dot = nullptr;     ///< best variant that has dot, or null
  const quipu_kernels* unpack = nullptr;  ///< best variant that has unpack, or null
  /// The fastest of the codec.
  void (*dequantize)(const void* blocks, std::uint64_t count, float* out) noexcept = nullptr;
  const MatmulKernels* kernels = nullptr;
  FloatForm floats{};
  /// Multiplies floats for many tokens, false where it cannot: float_gemm().
  bool (*gemm)(const float* w, std::uint32_t rows, const float* x, std::uint32_t tokens,
               std::uint32_t columns, float* y, std::size_t y_stride) noexcept = nullptr;
  bool deterministic = false;
  /// Vectors of the input that make up a token: products have the same sums for fewer than 8 tokens
  /// as for one, so that guesses which are checked together change no answer.
  std::uint32_t vectors_per_token = 1;
  /// A copy to multiply with in place of `data`, or null; see matmul/strips.h.
  const std::byte* strips = nullptr;
  const StripForm* form = nullptr;

  std::uint64_t bytes() const noexcept { return row_bytes * rows; }
};

/// `index` picks one [rows, columns] slice of a tensor with a third axis.
WeightMatrix weight_matrix(const quipu_tensor& tensor, std::uint32_t isa, bool deterministic,
                           std::uint64_t index = 0);

enum class Way : std::uint8_t { dot, panel, strips, float_dot, float_tile };

/// How multiply() goes about so many tokens.
Way way(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;
/// A way and the instruction set that it has: "panel avx512".
std::string kernel_name(const WeightMatrix& matrix, Way way);

/// Which forms of its input a matrix reads for so many tokens.
bool reads_int8(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;
bool reads_float(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;
/// Whether it rounds those floats to bfloats.
bool reads_bfloat(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;
/// For some number of tokens up to `most`.
bool ever_reads_float(const WeightMatrix& matrix, std::uint32_t most) noexcept;

/// Whether multiply() reads what is added before it writes y in its place.
bool adds_in_place(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;

/// Rows per task: multiply() takes ranges that begin at a multiple of it, and that end at one or at
/// the last row.
std::uint32_t rows_per_task(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;

/// Bytes of scratch that a thread needs for multiply() with up to so many tokens, 64-byte aligned.
std::size_t matmul_scratch_bytes(const WeightMatrix& matrix, std::uint32_t tokens) noexcept;

/// What is added to a product, in this order, from its row `first` on; to a float tile's, the
/// addend before the products. Either may be null.
struct Addition {
  const float* bias = nullptr;    ///< [rows]
  const float* addend = nullptr;  ///< [tokens][rows]
  std::size_t addend_stride = 0;  ///< floats from token to token
};

/// y[0 … count) += what belongs to rows row … row + count - 1 of a token.
void add(const Addition& more, std::uint32_t token, std::uint32_t row, std::uint32_t count,
         float* y) noexcept;

/// Rows that will be multiplied next, to be fetched ahead.
struct Following {
  const WeightMatrix* matrix = nullptr;  ///< null: nobody knows
  std::uint32_t row = 0;
};
/// Rows `row` and after, which are the likeliest to come next even where this task ends: a thread
/// has most of a matrix piece by piece.
inline Following after(const WeightMatrix& matrix, std::uint32_t row) noexcept {
  return {row < matrix.rows ? &matrix : nullptr, row};
}

/// y[t * y_stride + r - first] = sum over j of w[r][j] * x[t][j], for rows first <= r < last and
/// tokens t of x, and `more`.
void multiply(const WeightMatrix& matrix, const Activations& x, std::uint32_t tokens,
              std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
              std::byte* scratch, const Addition& more = {},
              const Following& following = {}) noexcept;

}  // namespace quipu_cpu
