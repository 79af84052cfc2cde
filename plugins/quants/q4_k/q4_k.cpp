// Q4_K: 256 weights in eight groups of 32, whose scales and minima have six bits each.
//
//   byte   0 1    2 3      4 ... 15     16 ................. 143
//        [scale][minimum][ s[8], m[8] ][ four times 32 bytes: 32 low nibbles, then 32 high ones ]
//        w[i] = scale * s[i/32] * q[i] - minimum * m[i/32]
//
// Layout source: GGUF specification, type 12.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

// The eight 6-bit scales and minima of 12 bytes: the first four of each lie in the low six bits of
// bytes 0-3 and 4-7; the others have their low nibbles in bytes 8-11 and their upper two bits on
// top of bytes 0-7.
struct GroupScales {
  std::uint64_t scales, minima;
};
GroupScales group_scales(const std::uint8_t* p) {
  const auto a = load<std::uint32_t>(p), b = load<std::uint32_t>(p + 4),
             c = load<std::uint32_t>(p + 8);
  const std::uint64_t scales = (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030);
  const std::uint64_t minima = (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030);
  return {(a & 0x3F3F3F3F) | scales << 32, (b & 0x3F3F3F3F) | minima << 32};
}

struct Q4_K {
  static constexpr std::string_view name = "q4_k", type = "gguf:12";
  static constexpr std::uint32_t block_columns = 256, block_bytes = 144, group = 32;
  static constexpr std::int32_t zero = 0;
  static constexpr bool has_minimum = true;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < count;
         b += block_columns, p += block_bytes, out += block_columns) {
      const float scale = half_to_float(load<std::uint16_t>(p));
      const float minimum = half_to_float(load<std::uint16_t>(p + 2));
      const auto [s, m] = group_scales(p + 4);
      for (int i = 0; i < 256; ++i) {
        const int g = i / 32;
        const std::uint8_t byte = p[16 + i / 64 * 32 + i % 32];
        const float q = static_cast<float>(g % 2 ? byte >> 4 : byte & 15);
        out[i] = scale * static_cast<float>(s >> 8 * g & 255) * q -
                 minimum * static_cast<float>(m >> 8 * g & 255);
      }
    }
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < block_count; ++b, p += block_bytes)
      if (!half_is_finite(load<std::uint16_t>(p + 0)) ||
          !half_is_finite(load<std::uint16_t>(p + 2)))
        return b;
    return block_count;
  }

  template <int Chunk>
  static words::bytes64 weights(const std::uint8_t* p) {
    return words::shift_halves<0, 4>(words::twice32(p + 16 + 32 * Chunk), 15);
  }

  static void scales(const std::uint8_t* p, float* scale, float* minimum) {
    const auto [s, m] = group_scales(p + 4);
    words::scaled8(s, half_to_float(load<std::uint16_t>(p)), scale);
    words::scaled8(m, -half_to_float(load<std::uint16_t>(p + 2)), minimum);
  }
};

}  // namespace

QUIPU_BLOCK_CODEC(Q4_K, "0.1.0", "Apache-2.0");
