#include "matmul/float_tiles.h"

#include <algorithm>

#include "device.h"
#include "matmul/float_kernels.h"
#include "quipu/abi/isa.h"

namespace quipu_cpu {

extern const FloatKernels scalar_floats;
#if defined(__x86_64__)
extern const FloatKernels avx2_floats, avx512_floats;
#elif defined(__aarch64__)
extern const FloatKernels neon_floats;
#endif

namespace {

// Rows that are multiplied with every token before the next ones. A stretch of them, and of those
// that are fetched meanwhile, fits a second-level cache of 1 MiB (Zen 5, in cache: with 512 KiB of
// them 0.77 times as fast), and is multiplied often enough to pay for rounding activations.
constexpr std::uint32_t most_rows = 128;

// Columns of them, where numbers are multiplied as they lie in the file, or as floats: four rows of
// weights and six of activations fit a first-level cache of 32 KiB, in which all begin at the same
// sets if rows are a power of two long.
constexpr std::uint32_t stored_columns = 1024, float_columns = 512;

// From so many tokens on bfloats are faster than the floats that they stand for, which are exact
// (Zen 5, TinyLlama BF16 from memory: 12 tokens 0.89, 32 tokens 1.22 times as fast).
constexpr std::uint32_t rounded_from = 16;

// The row in equal parts, whole blocks each.
std::uint32_t stretch_columns(const WeightMatrix& m) {
  const std::uint32_t most = m.floats.stored_bytes ? stored_columns : float_columns;
  const std::uint32_t parts = (m.columns + most - 1) / most;
  const std::uint32_t unit = std::max(32u, m.codec->block_columns);
  return std::min(m.columns, (m.columns + parts * unit - 1) / (parts * unit) * unit);
}

std::size_t stored_bytes(const WeightMatrix& m, std::uint32_t columns) {
  return columns / m.codec->block_columns * std::size_t{m.codec->block_bytes};
}

FloatsAhead ahead_of(const WeightMatrix& m, std::uint32_t row, std::uint32_t column,
                     std::uint32_t rows) {
  const std::uint32_t columns = std::min(stretch_columns(m), m.columns - column);
  return {reinterpret_cast<const std::uint8_t*>(m.data) + row * m.row_bytes +
              stored_bytes(m, column),
          std::min(rows, m.rows - row), m.row_bytes,
          static_cast<std::uint32_t>(stored_bytes(m, columns))};
}

}  // namespace

const FloatKernels& float_kernels(std::uint32_t isa) noexcept {
  switch (isa) {
#if defined(__x86_64__)
  case QUIPU_ISA_AMX:
  case QUIPU_ISA_AVX512:
    return avx512_floats;
  case QUIPU_ISA_AVX2:
    return avx2_floats;
#elif defined(__aarch64__)
  case QUIPU_ISA_I8MM:
  case QUIPU_ISA_NEON:
    return neon_floats;
#endif
  default:
    return scalar_floats;
  }
}

FloatForm float_form(const quipu_codec& codec, const MatmulKernels& kernels) noexcept {
  // OpenBLAS is for where there are no vectors of our own. That of Debian 12 is slower everywhere
  // (Zen 5, prefill of F16, 128 tokens: with AVX-512 0.49 times as fast, with AVX2 0.9 times).
  if (kernels.isa == QUIPU_ISA_SCALAR) return {};
  const FloatKernels& floats = float_kernels(kernels.isa);
  const bool bfloats = codec.flags & QUIPU_CODEC_BFLOATS;
  FloatForm form;
  form.multiply = codec.flags & QUIPU_CODEC_HALVES ? floats.halves
                  : bfloats                        ? floats.bfloats
                                                   : nullptr;
  if (!form.multiply) return {floats.multiply};
  form.stored_bytes = codec.block_bytes;
#if defined(__x86_64__)
  constexpr std::uint32_t avx512_bf16 = 1u << 5;
  static const bool multiplies_bfloats = (cpuid_7_1() & avx512_bf16) != 0;
  if (bfloats && multiplies_bfloats) form.rounded = floats.rounded;
#endif
  return form;
}

bool rounds(const FloatForm& form, std::uint32_t tokens) noexcept {
  return form.rounded && tokens >= rounded_from;
}

std::size_t float_tiles_scratch_bytes(const WeightMatrix& m) noexcept {
  const std::size_t columns = stretch_columns(m);
  if (m.floats.rounded)
    return columns * sizeof(std::uint16_t) * float_kernels(m.kernels->isa).tokens;
  return m.floats.stored_bytes ? 0 : columns * sizeof(float) * most_rows;
}

void multiply_float_tiles(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
                          std::uint32_t first, std::uint32_t last, float* y, std::size_t y_stride,
                          std::byte* scratch, const Addition& more,
                          const Following& following) noexcept {
  const FloatKernels& kernels = float_kernels(m.kernels->isa);
  // Tiles that are about the same size: few sums at a time do not hide how long each takes.
  const std::uint32_t tiles = (tokens + kernels.tokens - 1) / kernels.tokens;
  const std::uint32_t stretch = stretch_columns(m);
  const bool rounding = rounds(m.floats, tokens);
  const auto multiply_tile = rounding ? m.floats.rounded : m.floats.multiply;
  FloatProduct product{};
  product.y_stride = y_stride;
  if (more.addend && more.addend != y)
    for (std::uint32_t t = 0; t < tokens; ++t)
      std::copy_n(more.addend + t * more.addend_stride, last - first, y + t * y_stride);
  for (std::uint32_t row = first; row < last; row += most_rows) {
    product.rows = std::min(most_rows, last - row);
    for (std::uint32_t column = 0; column < m.columns; column += stretch) {
      product.columns = std::min(stretch, m.columns - column);
      product.continues = column != 0 || more.addend;
      const std::byte* const stored = m.data + row * m.row_bytes + stored_bytes(m, column);
      if (m.floats.stored_bytes) {
        product.w = reinterpret_cast<const std::uint8_t*>(stored);
        product.w_stride = m.row_bytes;
      } else {
        float* const rows = reinterpret_cast<float*>(scratch);
        for (std::uint32_t r = 0; r < product.rows; ++r)
          m.dequantize(stored + r * m.row_bytes, product.columns, rows + std::size_t{r} * stretch);
        product.w = reinterpret_cast<const std::uint8_t*>(rows);
        product.w_stride = stretch * sizeof(float);
      }
      const std::uint32_t next_column = column + product.columns, next_row = row + product.rows;
      const FloatsAhead ahead =
          next_column < m.columns ? ahead_of(m, row, next_column, product.rows)
          : next_row < last       ? ahead_of(m, next_row, 0, most_rows)
          : following.matrix      ? ahead_of(*following.matrix, following.row, 0, most_rows)
                                  : FloatsAhead{};
      for (std::uint32_t i = 0; i < tiles; ++i) {
        const std::uint32_t t = tokens * i / tiles;
        product.tokens = tokens * (i + 1) / tiles - t;
        const float* const activations = x.x + std::size_t{t} * m.columns + column;
        if (rounding) {
          auto* const rounded = reinterpret_cast<std::uint16_t*>(scratch);
          for (std::uint32_t k = 0; k < product.tokens; ++k)
            kernels.round(activations + std::size_t{k} * m.columns, product.columns,
                          rounded + std::size_t{k} * stretch);
          product.x = reinterpret_cast<const std::uint8_t*>(rounded);
          product.x_stride = stretch * sizeof *rounded;
        } else {
          product.x = reinterpret_cast<const std::uint8_t*>(activations);
          product.x_stride = m.columns * sizeof(float);
        }
        const std::uint32_t begin = ahead.count * i / tiles, end = ahead.count * (i + 1) / tiles;
        product.ahead = {ahead.rows + begin * ahead.stride, end - begin, ahead.stride, ahead.bytes};
        product.y = y + t * y_stride + (row - first);
        multiply_tile(product);
      }
    }
  }
  if (more.bias)
    for (std::uint32_t t = 0; t < tokens; ++t)
      add({more.bias}, t, 0, last - first, y + t * y_stride);
}

}  // namespace quipu_cpu
