// Kernels for codecs. A block format says how its weights and scales read, once, in the words of
// this header; `dot` and `unpack` for every instruction set follow from it.
//
// The codec's one file is compiled as SOURCES and as KERNELS of quipu_add_plugin(): as a source it
// holds the codec's table, and per instruction set its kernels. A block format has, besides what
// codec.h asks:
//
//   block_columns 32 or 256; group 16 or 32 columns that share a scale; zero; has_minimum
//   static bytes64 weights<Chunk>(const std::uint8_t* p)
//     columns 64 * Chunk … 64 * Chunk + 63 of the 256 columns that begin with the block at p, each
//     as scale * (byte - zero) + minimum
//   static void scales(const std::uint8_t* p, float* scale, float* minimum)
//     the 256 / group scales, and as many minima when has_minimum, of these 256 columns
//
// A format of floats has `static floats16 load16(const std::uint8_t* p)`, the next 16 of its
// block_columns = 1 weights.
//
// Bytes and words: kernel_scalar.h defines them in plain loops; kernel_avx2.h and kernel_avx512.h
// have the same names. Kernel files must instantiate nothing from the standard library: the linker
// might keep their copy for every caller.
#pragma once

#include "quipu/abi/codec.h"
#include "quipu/sdk/half.h"
#include "quipu/sdk/kernel_scalar.h"
#if defined(QUIPU_KERNEL_AVX2)
#include "quipu/sdk/kernel_avx2.h"
#elif defined(QUIPU_KERNEL_AVX512)
#include "quipu/sdk/kernel_avx512.h"
#endif

namespace quipu::sdk {

#if defined(QUIPU_KERNEL_AVX2)
namespace words = avx2;
#elif defined(QUIPU_KERNEL_AVX512)
namespace words = avx512;
#else
namespace words = scalar;
#endif

// In an unnamed namespace: each kernel file has its own, for its own instruction set.
namespace {

/// How far ahead `dot` asks for weights: far enough to hide memory behind one sequential stream per
/// core (measured: 2 KiB loses up to 20 %, 16 KiB gains nothing).
constexpr std::size_t prefetch_distance = 8192;

/// Columns that the templates take at a time.
constexpr std::uint32_t stretch = 256;

template <class Format>
constexpr std::size_t stretch_bytes = stretch / Format::block_columns* Format::block_bytes;

/// The end of a row that is shorter than a stretch, padded with zero bytes: they read as finite
/// weights that meet zero activations. `blocks` has 64 bytes more than needed, so that vector loads
/// stay inside.
template <class Format>
struct PaddedBlocks {
  alignas(64) std::uint8_t byte[stretch_bytes<Format> + 64];

  PaddedBlocks(const std::uint8_t* p, std::uint32_t columns) {
    std::memset(byte, 0, sizeof byte);
    std::memcpy(byte, p, columns / Format::block_columns * std::size_t{Format::block_bytes});
  }
};

/// A stretch of one activation vector.
struct Input {
  const std::int8_t* q;
  const float* scale;
  const float* sum32;
  const float* sum16;
};

struct PaddedInput {
  alignas(64) std::int8_t q[stretch];
  float scale[8], sum32[8], sum16[16];
};

template <class Format, int Chunk, int Count>
QUIPU_INLINE void add_chunk(words::sums (&sum)[Count], const std::uint8_t* p,
                            const Input (&x)[Count], const words::products (&products)[Count]) {
  const words::bytes64 w = Format::template weights<Chunk>(p);
  for (int v = 0; v < Count; ++v)
    sum[v] = words::multiply_add<Format::group, Format::zero, Chunk>(sum[v], w, x[v].q + 64 * Chunk,
                                                                     products[v]);
}

/// Adds 256 columns of one row times Count vectors to the sums; `rest` collects what is due to zero
/// or minimum.
template <class Format, int Count>
QUIPU_INLINE void add_stretch(words::sums (&sum)[Count], words::sums (&rest)[Count],
                              const std::uint8_t* p, const Input (&x)[Count]) {
  alignas(64) float scale[16], minimum[16];
  Format::scales(p, scale, minimum);
  words::products products[Count];
  for (int v = 0; v < Count; ++v)
    products[v] = words::multiply_scales<Format::group>(scale, x[v].scale);
  add_chunk<Format, 0>(sum, p, x, products);
  add_chunk<Format, 1>(sum, p, x, products);
  add_chunk<Format, 2>(sum, p, x, products);
  add_chunk<Format, 3>(sum, p, x, products);
  if constexpr (Format::has_minimum || (Format::zero != 0 && !words::takes_off_zero<Format::zero>))
    for (int v = 0; v < Count; ++v)
      rest[v] = words::add_products<Format::group>(rest[v], Format::has_minimum ? minimum : scale,
                                                   Format::group == 32 ? x[v].sum32 : x[v].sum16);
}

template <class Format, int Count>
void dot_rows(const std::uint8_t* rows, std::size_t row_stride, std::uint32_t row_count,
              const quipu_activations& a, std::uint32_t first_vector, float* y,
              std::size_t y_stride) noexcept {
  static_assert(!(Format::has_minimum && Format::zero), "a format has an offset or a minimum");
  const std::uint32_t columns = static_cast<std::uint32_t>(a.columns);
  const std::uint32_t whole = columns / stretch * stretch, left = columns - whole;
  const auto input = [&](int v, std::uint32_t column) {
    const std::size_t at = (first_vector + v) * a.columns + column;
    return Input{a.q + at, a.scale + at / 32, a.sum32 + at / 32, a.sum16 + at / 16};
  };
  PaddedInput padded[Count];
  if (left)
    for (int v = 0; v < Count; ++v) {
      const Input x = input(v, whole);
      std::memset(&padded[v], 0, sizeof padded[v]);
      std::memcpy(padded[v].q, x.q, left);
      std::memcpy(padded[v].scale, x.scale, left / 32 * sizeof(float));
      std::memcpy(padded[v].sum32, x.sum32, left / 32 * sizeof(float));
      std::memcpy(padded[v].sum16, x.sum16, left / 16 * sizeof(float));
    }
  for (std::uint32_t r = 0; r < row_count; ++r) {
    const std::uint8_t* p = rows + r * row_stride;
    words::sums sum[Count], rest[Count];
    for (int v = 0; v < Count; ++v) sum[v] = rest[v] = words::no_sums();
    Input x[Count];
    for (std::uint32_t column = 0; column < whole; column += stretch, p += stretch_bytes<Format>) {
      for (std::size_t line = 0; line < stretch_bytes<Format>; line += 64)
        __builtin_prefetch(p + line + prefetch_distance);
      for (int v = 0; v < Count; ++v) x[v] = input(v, column);
      add_stretch<Format, Count>(sum, rest, p, x);
    }
    if (left) {
      const PaddedBlocks<Format> blocks(p, left);
      for (int v = 0; v < Count; ++v)
        x[v] = {padded[v].q, padded[v].scale, padded[v].sum32, padded[v].sum16};
      add_stretch<Format, Count>(sum, rest, blocks.byte, x);
    }
    for (int v = 0; v < Count; ++v) {
      float result = words::total(sum[v]);
      if constexpr (Format::has_minimum)
        result += words::total(rest[v]);
      else if constexpr (Format::zero != 0 && !words::takes_off_zero<Format::zero>)
        result -= static_cast<float>(Format::zero) * words::total(rest[v]);
      y[(first_vector + v) * y_stride + r] = result;
    }
  }
}

/// Most vectors that share one reading of the weights.
constexpr std::uint32_t vectors_at_once = 4;

template <class Format>
void dot_blocks(const void* rows, std::size_t row_stride, std::uint32_t row_count,
                const quipu_activations* x, float* y, std::size_t y_stride) noexcept {
  const auto* p = static_cast<const std::uint8_t*>(rows);
  for (std::uint32_t v = 0; v < x->count; v += vectors_at_once) switch (x->count - v) {
    case 1:
      dot_rows<Format, 1>(p, row_stride, row_count, *x, v, y, y_stride);
      break;
    case 2:
      dot_rows<Format, 2>(p, row_stride, row_count, *x, v, y, y_stride);
      break;
    case 3:
      dot_rows<Format, 3>(p, row_stride, row_count, *x, v, y, y_stride);
      break;
    default:
      dot_rows<Format, 4>(p, row_stride, row_count, *x, v, y, y_stride);
      break;
    }
}

template <class Format>
void unpack_blocks(const void* rows, std::size_t row_stride, std::uint32_t first,
                   std::uint32_t count, const quipu_panel* panel) noexcept {
  constexpr std::uint32_t groups = stretch / Format::group;
  const auto* start = static_cast<const std::uint8_t*>(rows) +
                      first / Format::block_columns * std::size_t{Format::block_bytes};
  for (std::uint32_t column = 0; column < count;
       column += stretch, start += stretch_bytes<Format>) {
    const std::uint32_t here = count - column < stretch ? count - column : stretch;
    alignas(64) words::bytes64 tile[4][16];
    alignas(64) float scale[16][16], minimum[16][16];
    const auto expand = [&](int row, const std::uint8_t* p) {
      tile[0][row] = Format::template weights<0>(p);
      tile[1][row] = Format::template weights<1>(p);
      tile[2][row] = Format::template weights<2>(p);
      tile[3][row] = Format::template weights<3>(p);
      Format::scales(p, scale[row], minimum[row]);
    };
    for (int row = 0; row < 16; ++row) {
      const std::uint8_t* p = start + row * row_stride;
      if (here == stretch)
        expand(row, p);
      else
        expand(row, PaddedBlocks<Format>(p, here).byte);
    }
    std::uint8_t* q = panel->q + column / 4 * std::size_t{panel->quad_stride};
    alignas(64) std::uint8_t spare[16 * 64];
    for (std::uint32_t chunk = 0; chunk * 64 < here; ++chunk) {
      std::uint8_t* to = q + chunk * 16 * std::size_t{panel->quad_stride};
      if (here - chunk * 64 >= 64) {
        words::transpose_quads(tile[chunk], to, panel->quad_stride);
      } else {
        words::transpose_quads(tile[chunk], spare, 64);
        for (int quad = 0; quad < 8; ++quad)
          std::memcpy(to + quad * std::size_t{panel->quad_stride}, spare + quad * 64, 64);
      }
    }
    for (std::uint32_t g = 0; g < groups && g * Format::group < here; ++g) {
      const std::size_t at = (column / Format::group + g) * std::size_t{panel->group_stride};
      for (int row = 0; row < 16; ++row) panel->scale[at + row] = scale[row][g];
      if constexpr (Format::has_minimum)
        for (int row = 0; row < 16; ++row) panel->minimum[at + row] = minimum[row][g];
    }
  }
}

/// Rows of floats times float vectors. The last columns are padded with zeros.
template <class Format>
void dot_floats(const void* rows, std::size_t row_stride, std::uint32_t row_count,
                const quipu_activations* a, float* y, std::size_t y_stride) noexcept {
  const std::uint64_t columns = a->columns, whole = columns / 64 * 64;
  for (std::uint32_t r = 0; r < row_count; ++r) {
    const auto* row = static_cast<const std::uint8_t*>(rows) + r * row_stride;
    for (std::uint32_t v = 0; v < a->count; ++v) {
      const float* x = a->x + v * columns;
      words::floats16 sum[4] = {words::zero16(), words::zero16(), words::zero16(), words::zero16()};
      std::uint64_t j = 0;
      for (; j < whole; j += 64) {
        __builtin_prefetch(row + j * Format::block_bytes + prefetch_distance);
        __builtin_prefetch(row + j * Format::block_bytes + prefetch_distance + 64);
        for (int i = 0; i < 4; ++i)
          sum[i] = words::multiply_add(Format::load16(row + (j + 16 * i) * Format::block_bytes),
                                       words::load_floats(x + j + 16 * i), sum[i]);
      }
      for (; j < columns; j += 16) {
        const std::uint64_t count = columns - j < 16 ? columns - j : 16;
        std::uint8_t w_end[16 * Format::block_bytes] = {};
        float x_end[16] = {};
        std::memcpy(w_end, row + j * Format::block_bytes, count * Format::block_bytes);
        std::memcpy(x_end, x + j, count * sizeof(float));
        sum[0] = words::multiply_add(Format::load16(w_end), words::load_floats(x_end), sum[0]);
      }
      y[v * y_stride + r] =
          words::total(words::add(words::add(sum[0], sum[1]), words::add(sum[2], sum[3])));
    }
  }
}

}  // namespace
}  // namespace quipu::sdk

// The kernels of a codec, one set for each instruction set that its file is compiled for.
#define QUIPU_KERNEL_NAME_(isa) quipu_kernels_##isa
#define QUIPU_KERNEL_NAME(isa) QUIPU_KERNEL_NAME_(isa)
#define QUIPU_KERNEL_FUNCTIONS(isa)                                                                \
  namespace QUIPU_KERNEL_NAME(isa) {                                                               \
    void dot(const void*, std::size_t, std::uint32_t, const quipu_activations*, float*,            \
             std::size_t) noexcept;                                                                \
    void unpack(const void*, std::size_t, std::uint32_t, std::uint32_t,                            \
                const quipu_panel*) noexcept;                                                      \
  }

#ifdef QUIPU_KERNEL_ISA

QUIPU_KERNEL_FUNCTIONS(QUIPU_KERNEL_ISA)
/// Ends the file of a block codec, or of a codec of floats.
#define QUIPU_BLOCK_CODEC(CODEC, VERSION, LICENSE)                                                 \
  void QUIPU_KERNEL_NAME(QUIPU_KERNEL_ISA)::dot(                                                   \
      const void* rows, std::size_t row_stride, std::uint32_t row_count,                           \
      const quipu_activations* x, float* y, std::size_t y_stride) noexcept {                       \
    quipu::sdk::dot_blocks<CODEC>(rows, row_stride, row_count, x, y, y_stride);                    \
  }                                                                                                \
  void QUIPU_KERNEL_NAME(QUIPU_KERNEL_ISA)::unpack(const void* rows, std::size_t row_stride,       \
                                                   std::uint32_t first, std::uint32_t count,       \
                                                   const quipu_panel* panel) noexcept {            \
    quipu::sdk::unpack_blocks<CODEC>(rows, row_stride, first, count, panel);                       \
  }                                                                                                \
  static_assert(true)
#define QUIPU_FLOAT_CODEC(CODEC, VERSION, LICENSE)                                                 \
  void QUIPU_KERNEL_NAME(QUIPU_KERNEL_ISA)::dot(                                                   \
      const void* rows, std::size_t row_stride, std::uint32_t row_count,                           \
      const quipu_activations* x, float* y, std::size_t y_stride) noexcept {                       \
    quipu::sdk::dot_floats<CODEC>(rows, row_stride, row_count, x, y, y_stride);                    \
  }                                                                                                \
  static_assert(true)

#else

#include "quipu/sdk/codec.h"

#define QUIPU_KERNEL_ENTRY(isa, level, input, unpack_function)                                     \
  {                                                                                                \
    sizeof(quipu_kernels), level, input, quipu::sdk::vectors_at_once * 2,                          \
        QUIPU_KERNEL_NAME(isa)::dot, unpack_function, nullptr                                      \
  }
QUIPU_KERNEL_FUNCTIONS(scalar)
#if defined(__x86_64__)
QUIPU_KERNEL_FUNCTIONS(avx2)
QUIPU_KERNEL_FUNCTIONS(avx512)
#define QUIPU_BLOCK_KERNELS                                                                        \
  QUIPU_KERNEL_ENTRY(scalar, QUIPU_ISA_SCALAR, QUIPU_INPUT_INT8,                                   \
                     QUIPU_KERNEL_NAME(scalar)::unpack),                                           \
      QUIPU_KERNEL_ENTRY(avx2, QUIPU_ISA_AVX2, QUIPU_INPUT_INT8, QUIPU_KERNEL_NAME(avx2)::unpack), \
      QUIPU_KERNEL_ENTRY(avx512, QUIPU_ISA_AVX512, QUIPU_INPUT_INT8,                               \
                         QUIPU_KERNEL_NAME(avx512)::unpack)
#define QUIPU_FLOAT_KERNELS                                                                        \
  QUIPU_KERNEL_ENTRY(scalar, QUIPU_ISA_SCALAR, QUIPU_INPUT_FLOAT, nullptr),                        \
      QUIPU_KERNEL_ENTRY(avx2, QUIPU_ISA_AVX2, QUIPU_INPUT_FLOAT, nullptr),                        \
      QUIPU_KERNEL_ENTRY(avx512, QUIPU_ISA_AVX512, QUIPU_INPUT_FLOAT, nullptr)
#else
#define QUIPU_BLOCK_KERNELS                                                                        \
  QUIPU_KERNEL_ENTRY(scalar, QUIPU_ISA_SCALAR, QUIPU_INPUT_INT8, QUIPU_KERNEL_NAME(scalar)::unpack)
#define QUIPU_FLOAT_KERNELS QUIPU_KERNEL_ENTRY(scalar, QUIPU_ISA_SCALAR, QUIPU_INPUT_FLOAT, nullptr)
#endif

#define QUIPU_BLOCK_CODEC(CODEC, VERSION, LICENSE)                                                 \
  struct CODEC##WithKernels : CODEC {                                                              \
    static constexpr quipu_kernels kernels[] = {QUIPU_BLOCK_KERNELS};                              \
  };                                                                                               \
  QUIPU_CODEC_PLUGIN(VERSION, LICENSE, CODEC##WithKernels)
#define QUIPU_FLOAT_CODEC(CODEC, VERSION, LICENSE)                                                 \
  struct CODEC##WithKernels : CODEC {                                                              \
    static constexpr quipu_kernels kernels[] = {QUIPU_FLOAT_KERNELS};                              \
  };                                                                                               \
  QUIPU_CODEC_PLUGIN(VERSION, LICENSE, CODEC##WithKernels)

#endif
