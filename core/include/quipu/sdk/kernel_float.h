// Formats that store each weight as one floating-point number: a class in an unnamed namespace with
//
//   static constexpr char name[], type[];      "f16", "gguf:1"
//   using Stored = quipu::sdk::Half;           or Single, Bfloat
//
// and QUIPU_FLOAT_PLUGIN(VERSION, LICENSE, Format) at the end. Its file is listed under both
// SOURCES and KERNELS of quipu_add_plugin; rules for kernel files: see kernel.h.
#pragma once

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

/// One row against Count vectors, in four independent sums each: enough for the latency of one
/// multiply-add, and the same order of additions for any Count.
template <class Stored, unsigned Count>
QUIPU_INLINE void dot_floats(const uint8_t* row, const float* x, uint64_t columns, float* y,
                             size_t y_stride) {
  constexpr unsigned lanes = Lanes::count;
  Lanes total[Count][4] = {};
  const auto add = [&](unsigned part, const uint8_t* w, const uint8_t* values, uint64_t stride)
      __attribute__((always_inline)) {
    const Lanes weights = load_lanes(Stored{}, w);
    for (unsigned v = 0; v < Count; ++v)
      total[v][part] =
          multiply_add(weights, load_lanes(Single{}, values + 4 * v * stride), total[v][part]);
  };
  const auto* values = reinterpret_cast<const uint8_t*>(x);
  uint64_t column = 0;
  for (; column + 4 * lanes <= columns; column += 4 * lanes) {
    const uint8_t* w = row + column * Stored::bytes;
    for (unsigned i = 0; i < 4 * lanes * Stored::bytes; i += 64) prefetch(w + 8192 + i);
    for (unsigned part = 0; part < 4; ++part)
      add(part, w + part * lanes * Stored::bytes, values + 4 * (column + part * lanes), columns);
  }
  for (unsigned part = 0; column < columns; ++part, column += lanes) {
    uint8_t weights[lanes * Stored::bytes] = {};
    float last[Count][lanes] = {};
    const uint64_t rest = columns - column < lanes ? columns - column : lanes;
    memcpy(weights, row + column * Stored::bytes, rest * Stored::bytes);
    for (unsigned v = 0; v < Count; ++v)
      memcpy(last[v], x + v * columns + column, rest * sizeof(float));
    add(part, weights, reinterpret_cast<const uint8_t*>(last), lanes);
  }
  for (unsigned v = 0; v < Count; ++v)
    y[v * y_stride] = sum((total[v][0] + total[v][1]) + (total[v][2] + total[v][3]));
}

/// Vectors in pairs: the second and later pairs find the row in the first-level cache.
template <class Stored>
QUIPU_INLINE void dot_float_rows(const void* rows, size_t row_stride, uint32_t row_count,
                                 const quipu_activations* x, float* y, size_t y_stride) {
  const auto* row = static_cast<const uint8_t*>(rows);
  for (uint32_t r = 0; r < row_count; ++r, row += row_stride) {
    uint32_t v = 0;
    for (; v + 2 <= x->count; v += 2)
      dot_floats<Stored, 2>(row, x->x + v * x->columns, x->columns, y + v * y_stride + r, y_stride);
    if (v < x->count)
      dot_floats<Stored, 1>(row, x->x + v * x->columns, x->columns, y + v * y_stride + r, y_stride);
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#ifdef QUIPU_KERNEL_PLUGIN
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
