// Formats that store each weight as one floating-point number: a class in an unnamed namespace with
//
//   static constexpr char name[], type[];      "f16", "gguf:1"
//   using Stored = quipu::sdk::Half;           or Single, Bfloat
//
// and QUIPU_FLOAT_PLUGIN(VERSION, LICENSE, Format) at the end. Its file is listed under both
// SOURCES and KERNELS of quipu_add_plugin; rules for kernel files: see kernel.h.
#pragma once

#include "quipu/sdk/each.h"
#include "quipu/sdk/kernel.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

template <class Stored>
QUIPU_INLINE void dequantize_floats(const void* stored, uint64_t count, float* out) {
  const auto* p = static_cast<const uint8_t*>(stored);
  constexpr unsigned lanes = Lanes::count;
  for (; count >= lanes; count -= lanes, p += lanes * Stored::bytes, out += lanes) {
    const Lanes values = load_lanes(Stored{}, p);
    memcpy(out, &values, sizeof values);
  }
  uint8_t last[lanes * Stored::bytes] = {};
  memcpy(last, p, count * Stored::bytes);
  const Lanes values = load_lanes(Stored{}, last);
  memcpy(out, &values, count * sizeof(float));
}

/// Rounds to nearest; infinities, NaNs and what becomes infinite by rounding are kept.
template <class Stored>
QUIPU_INLINE void store_floats(const float* x, uint64_t count, void* out) {
  auto* p = static_cast<uint8_t*>(out);
  for (uint64_t i = 0; i < count; ++i) {
    const auto stored = to_stored(Stored{}, x[i]);
    memcpy(p + i * Stored::bytes, &stored, Stored::bytes);
  }
}

/// Rows against Count vectors, in two independent sums each, and in the same order of additions for
/// any number of rows and vectors. Rows are fetched in the order in which they lie in memory, as
/// one stream, and as far ahead as the rows that are read together: with a stream for each of eight
/// rows F16 and BF16 reach 79 to 82 % of a plain read, with one 95 to 100 % (Zen 5).
template <class Stored, int Rows, int Count>
QUIPU_INLINE void dot_floats(const uint8_t* rows, size_t row_stride, const float* x,
                             uint64_t columns, float* y, size_t y_stride) {
  constexpr unsigned lanes = Lanes::count;
  constexpr int parts = 2;
  constexpr unsigned step = parts * lanes, bytes = step * Stored::bytes;
  const uint8_t* const ahead = rows + Rows * row_stride + 4096;
  Lanes total[Rows][Count][parts];
  each<Rows * Count * parts>([&](auto n) QUIPU_IN_LINE {
    total[n / parts / Count][n / parts % Count][n % parts] = Lanes{};
  });
  const auto add = [&](auto part, const uint8_t* weights, size_t stride, const float* values,
                       uint64_t values_stride) QUIPU_IN_LINE {
    Lanes vectors[Count];
    each<Count>([&](auto v) QUIPU_IN_LINE {
      vectors[v] =
          load_lanes(Single{}, reinterpret_cast<const uint8_t*>(values + v * values_stride));
    });
    each<Rows>([&](auto r) QUIPU_IN_LINE {
      const Lanes w = load_lanes(Stored{}, weights + r * stride);
      each<Count>([&](auto v) QUIPU_IN_LINE {
        total[r][v][part] = multiply_add(w, vectors[v], total[r][v][part]);
      });
    });
  };

  uint64_t column = 0;
  for (; column + step <= columns; column += step) {
    const uint8_t* w = rows + column * Stored::bytes;
    for (unsigned i = 0; i < Rows * bytes; i += 64)
      prefetch(ahead + column * Rows * Stored::bytes + i);
    each<parts>([&](auto part) QUIPU_IN_LINE {
      add(part, w + part * lanes * Stored::bytes, row_stride, x + column + part * lanes, columns);
    });
  }
  each<parts>([&](auto part) QUIPU_IN_LINE {
    if (column >= columns) return;
    uint8_t weights[Rows][lanes * Stored::bytes] = {};
    float last[Count][lanes] = {};
    const uint64_t rest = columns - column < lanes ? columns - column : lanes;
    for (int r = 0; r < Rows; ++r)
      memcpy(weights[r], rows + r * row_stride + column * Stored::bytes, rest * Stored::bytes);
    for (int v = 0; v < Count; ++v) memcpy(last[v], x + v * columns + column, rest * sizeof(float));
    add(part, weights[0], sizeof weights[0], last[0], lanes);
    column += lanes;
  });
  each<Rows>([&](auto r) QUIPU_IN_LINE {
    each<Count>([&](auto v) QUIPU_IN_LINE {
      const auto& t = total[r][v];
      y[v * y_stride + r] = sum(t[0] + t[1]);
    });
  });
}

/// Two rows together, for which vectors are read once, where half of the registers hold their sums;
/// eight lanes of NEON take two.
template <class Stored, int Count>
QUIPU_INLINE void dot_float_vectors(const uint8_t* row, size_t row_stride, uint32_t row_count,
                                    const float* x, uint64_t columns, float* y, size_t y_stride) {
  constexpr int half = Lanes::count == 8 ? 8 : Lanes::registers / 2;
  constexpr int together = half / 2 / Count > 1 ? 2 : 1;
  uint32_t r = 0;
  for (; r + together <= row_count; r += together)
    dot_floats<Stored, together, Count>(row + r * row_stride, row_stride, x, columns, y + r,
                                        y_stride);
  for (; r < row_count; ++r)
    dot_floats<Stored, 1, Count>(row + r * row_stride, row_stride, x, columns, y + r, y_stride);
}

/// Up to four vectors, or two equal parts of them for 16 rows at a time: the second finds those in
/// a cache.
template <class Stored>
QUIPU_INLINE void dot_float_rows(const void* rows, size_t row_stride, uint32_t row_count,
                                 const quipu_activations* x, float* y, size_t y_stride) {
  const auto* row = static_cast<const uint8_t*>(rows);
  const auto some = [&](uint32_t first, uint32_t vectors, uint32_t row_number) QUIPU_IN_LINE {
    const auto run = [&](auto dot) QUIPU_IN_LINE {
      dot(row, row_stride, row_number, x->x + first * x->columns, x->columns, y + first * y_stride,
          y_stride);
    };
    switch (vectors) {
    case 1:
      return run(dot_float_vectors<Stored, 1>);
    case 2:
      return run(dot_float_vectors<Stored, 2>);
    case 3:
      return run(dot_float_vectors<Stored, 3>);
    case 4:
      return run(dot_float_vectors<Stored, 4>);
    }
  };
  if (x->count <= 4) return some(0, x->count, row_count);
  const uint32_t half = (x->count + 1) / 2;
  while (row_count) {
    const uint32_t count = row_count < 16 ? row_count : 16;
    some(0, half, count);
    some(half, x->count - half, count);
    row += count * row_stride;
    row_count -= count;
    y += count;
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#ifdef QUIPU_KERNEL_PLUGIN
namespace quipu::sdk {

constexpr uint32_t flag_of(Single) {
  return 0;
}
constexpr uint32_t flag_of(Half) {
  return QUIPU_CODEC_HALVES;
}
constexpr uint32_t flag_of(Bfloat) {
  return QUIPU_CODEC_BFLOATS;
}

}  // namespace quipu::sdk

#define QUIPU_FLOAT_KERNELS(ISA, LEVEL, FORMAT)                                                    \
  quipu_kernels{sizeof(quipu_kernels),                                                             \
                LEVEL,                                                                             \
                QUIPU_INPUT_FLOAT,                                                                 \
                8,                                                                                 \
                quipu::sdk::ISA::FORMAT##_dot,                                                     \
                nullptr,                                                                           \
                quipu::sdk::ISA::FORMAT##_dequantize},
#define QUIPU_FLOAT_PLUGIN(VERSION, LICENSE, FORMAT)                                               \
  QUIPU_FOR_EACH_ISA(QUIPU_DECLARE_KERNELS, FORMAT)                                                \
  namespace {                                                                                      \
  struct FORMAT##Codec {                                                                           \
    static constexpr std::string_view name = FORMAT::name, type = FORMAT::type;                    \
    static constexpr std::uint32_t block_columns = 1, block_bytes = FORMAT::Stored::bytes;         \
    static constexpr std::uint32_t numbers = quipu::sdk::flag_of(FORMAT::Stored{});                \
    static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {         \
      quipu::sdk::kernel::dequantize_floats<FORMAT::Stored>(blocks, count, out);                   \
    }                                                                                              \
    static void quantize(const float* x, std::uint64_t rows, std::uint64_t columns, const float*,  \
                         void* out) {                                                              \
      quipu::sdk::kernel::store_floats<FORMAT::Stored>(x, rows * columns, out);                    \
    }                                                                                              \
    static constexpr quipu_kernels kernels[] = {QUIPU_FOR_EACH_ISA(QUIPU_FLOAT_KERNELS, FORMAT)};  \
  };                                                                                               \
  }                                                                                                \
  QUIPU_CODEC_PLUGIN(VERSION, LICENSE, FORMAT##Codec)
#else
#define QUIPU_FLOAT_PLUGIN(VERSION, LICENSE, FORMAT)                                               \
  namespace quipu::sdk::QUIPU_KERNEL_ISA {                                                         \
  void FORMAT##_dot(const void* rows, size_t row_stride, uint32_t row_count,                       \
                    const quipu_activations* x, float* y, size_t y_stride) noexcept {              \
    dot_float_rows<FORMAT::Stored>(rows, row_stride, row_count, x, y, y_stride);                   \
  }                                                                                                \
  void FORMAT##_dequantize(const void* blocks, uint64_t count, float* out) noexcept {              \
    dequantize_floats<FORMAT::Stored>(blocks, count, out);                                         \
  }                                                                                                \
  }                                                                                                \
  static_assert(true)
#endif
