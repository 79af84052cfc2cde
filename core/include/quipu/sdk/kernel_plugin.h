// The plugin side of kernel.h: what a format's file becomes when it is compiled as the plugin.
#pragma once

#include "quipu/sdk/codec.h"
#include "quipu/sdk/kernel_scalar.h"
#include "quipu/sdk/quantize_rows.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

QUIPU_INLINE bool half_is_finite(const uint8_t* address) {
  uint16_t half;
  memcpy(&half, address, sizeof half);
  return (half & 0x7c00u) != 0x7c00u;
}

/// What sdk/codec.h asks of a codec, made from a format.
template <class Format>
struct Codec {
  static constexpr std::string_view name = Format::name, type = Format::type;
  static constexpr std::uint32_t block_columns = Format::block_columns;
  static constexpr std::uint32_t block_bytes = Format::block_bytes;
  static constexpr std::uint32_t group = Format::group;
  static constexpr std::int32_t zero = Format::zero;
  static constexpr bool has_minimum = Format::has_minimum;
  static constexpr bool whole_blocks = WholeBlocks<Format>::possible;
  static constexpr std::int32_t whole_zero = WholeBlocks<Format>::zero;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    dequantize_blocks<Format>(blocks, count, out);
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* block = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t i = 0; i < block_count; ++i, block += block_bytes) {
      if constexpr (requires { Format::is_finite(block); }) {
        if (!Format::is_finite(block)) return i;
      } else {
        for (const auto offset : Format::halves)
          if (!half_is_finite(block + offset)) return i;
      }
    }
    return block_count;
  }
};

/// What a format adds that says `quantizes`.
template <class Format, BlockQuantizer block>
struct Quantizer {};

template <class Format, BlockQuantizer block>
requires(Format::quantizes) struct Quantizer<Format, block> {
  static constexpr bool needs_importance = [] {
    if constexpr (requires { Format::needs_importance; }) return Format::needs_importance;
    return false;
  }();
  static void quantize(const float* x, std::uint64_t rows, std::uint64_t columns,
                       const float* importance, void* out) {
    quantize_rows<Codec<Format>>(block, x, rows, columns, importance, out);
  }
};
}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#define QUIPU_KERNEL_PLUGIN
#define QUIPU_DECLARE_KERNELS(ISA, LEVEL, FORMAT)                                                  \
  namespace quipu::sdk::ISA {                                                                      \
  void FORMAT##_dot(const void*, size_t, uint32_t, const quipu_activations*, float*,               \
                    size_t) noexcept;                                                              \
  void FORMAT##_unpack(const void*, size_t, uint32_t, uint32_t, const quipu_panel*) noexcept;      \
  void FORMAT##_dequantize(const void*, uint64_t, float*) noexcept;                                \
  }
#define QUIPU_DECLARE_QUANTIZER(FORMAT)                                                            \
  namespace quipu::sdk {                                                                           \
  void FORMAT##_quantize(const Weights&, std::uint8_t*);                                           \
  }
#define QUIPU_KERNELS(ISA, LEVEL, FORMAT)                                                          \
  quipu_kernels{sizeof(quipu_kernels),                                                             \
                LEVEL,                                                                             \
                QUIPU_INPUT_INT8,                                                                  \
                8,                                                                                 \
                quipu::sdk::ISA::FORMAT##_dot,                                                     \
                quipu::sdk::ISA::FORMAT##_unpack,                                                  \
                quipu::sdk::ISA::FORMAT##_dequantize},

/// MACRO for each instruction set that quipu_add_plugin compiles kernels for, ascending.
#if defined(__x86_64__)
#define QUIPU_FOR_EACH_ISA(MACRO, FORMAT)                                                          \
  MACRO(scalar, QUIPU_ISA_SCALAR, FORMAT)                                                          \
  MACRO(avx2, QUIPU_ISA_AVX2, FORMAT)                                                              \
  MACRO(avx512, QUIPU_ISA_AVX512, FORMAT)
#elif defined(__aarch64__)
#define QUIPU_FOR_EACH_ISA(MACRO, FORMAT)                                                          \
  MACRO(scalar, QUIPU_ISA_SCALAR, FORMAT)                                                          \
  MACRO(neon, QUIPU_ISA_NEON, FORMAT)
#else
#define QUIPU_FOR_EACH_ISA(MACRO, FORMAT) MACRO(scalar, QUIPU_ISA_SCALAR, FORMAT)
#endif

#define QUIPU_QUANT_PLUGIN(VERSION, LICENSE, FORMAT)                                               \
  QUIPU_FOR_EACH_ISA(QUIPU_DECLARE_KERNELS, FORMAT)                                                \
  QUIPU_DECLARE_QUANTIZER(FORMAT)                                                                  \
  namespace {                                                                                      \
  struct FORMAT##Codec : quipu::sdk::kernel::Codec<FORMAT>,                                        \
                         quipu::sdk::kernel::Quantizer<FORMAT, quipu::sdk::FORMAT##_quantize> {    \
    static constexpr quipu_kernels kernels[] = {QUIPU_FOR_EACH_ISA(QUIPU_KERNELS, FORMAT)};        \
  };                                                                                               \
  }                                                                                                \
  QUIPU_CODEC_PLUGIN(VERSION, LICENSE, FORMAT##Codec)
