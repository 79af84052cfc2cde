// The plugin side of kernel.h: what a format's file becomes when it is compiled as the plugin.
#pragma once

#include "quipu/sdk/codec.h"
#include "quipu/sdk/kernel_scalar.h"

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

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    dequantize_blocks<Format>(blocks, count, out);
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* block = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t i = 0; i < block_count; ++i, block += block_bytes)
      for (const auto offset : Format::halves)
        if (!half_is_finite(block + offset)) return i;
    return block_count;
  }
};
}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#define QUIPU_QUANT_PLUGIN(VERSION, LICENSE, FORMAT)                                               \
  QUIPU_CODEC_PLUGIN(VERSION, LICENSE, quipu::sdk::baseline::Codec<FORMAT>)
