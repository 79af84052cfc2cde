// Q6_K: 256 weights of six bits in sixteen groups of 16 with signed 8-bit scales.
//
//   byte   0 ........ 127   128 ...... 191   192 .. 207   208 209
//        [ low four bits ][ upper two bits ][  s[16]   ][ scale ]     w[i] = scale * s[i/16] *
//        (q[i] - 32)
//
// Each half of 128 weights has 64 bytes of low bits, whose low nibbles are weights 0-63 and high
// nibbles 64-127, and 32 bytes of upper bits, of which weights 0-31, 32-63, 64-95 and 96-127 take
// two bits each from the lowest up. Layout source: GGUF specification, type 14.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

struct Q6_K {
  static constexpr std::string_view name = "q6_k", type = "gguf:14";
  static constexpr std::uint32_t block_columns = 256, block_bytes = 210, group = 16;
  static constexpr std::int32_t zero = 32;
  static constexpr bool has_minimum = false;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < count;
         b += block_columns, p += block_bytes, out += block_columns) {
      const float scale = half_to_float(load<std::uint16_t>(p + 208));
      for (int i = 0; i < 256; ++i) {
        const int half = i / 128, j = i % 128;
        const std::uint8_t low = p[64 * half + j % 64], high = p[128 + 32 * half + j % 32];
        const int q = (j < 64 ? low & 15 : low >> 4) | (high >> 2 * (j / 32) & 3) << 4;
        const float s = static_cast<float>(static_cast<std::int8_t>(p[192 + i / 16]));
        out[i] = scale * s * static_cast<float>(q - 32);
      }
    }
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < block_count; ++b, p += block_bytes)
      if (!half_is_finite(load<std::uint16_t>(p + 208))) return b;
    return block_count;
  }

  template <int Chunk>
  static words::bytes64 weights(const std::uint8_t* p) {
    constexpr int half = Chunk / 2, pair = Chunk % 2;
    const auto low = words::shift_halves<4 * pair, 4 * pair>(words::load64(p + 64 * half), 15);
    const auto high =
        words::shift_halves<4 * pair, 4 * pair + 2>(words::twice32(p + 128 + 32 * half), 3);
    return words::with_high<4>(low, high);
  }

  static void scales(const std::uint8_t* p, float* scale, float*) {
    words::scaled16(p + 192, half_to_float(load<std::uint16_t>(p + 208)), scale);
  }
};

}  // namespace

QUIPU_BLOCK_CODEC(Q6_K, "0.1.0", "Apache-2.0");
