// Q5_1: 32 weights of five bits share a half-precision scale and minimum.
//
//   byte   0 1    2 3    4 ..... 7   8 ........... 23
//        [scale][minimum][fifth bits][ q0|q16 … q15|q31 ]     w[i] = scale * q[i] + minimum; q0 in
//        the low nibble
//
// Bit i of the fifth bits belongs to weight i. Layout source: GGUF specification, type 7.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

struct Q5_1 {
  static constexpr std::string_view name = "q5_1", type = "gguf:7";
  static constexpr std::uint32_t block_columns = 32, block_bytes = 24, group = 32;
  static constexpr std::int32_t zero = 0;
  static constexpr bool has_minimum = true;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < count;
         b += block_columns, p += block_bytes, out += block_columns) {
      const float scale = half_to_float(load<std::uint16_t>(p));
      const float minimum = half_to_float(load<std::uint16_t>(p + 2));
      const auto high = load<std::uint32_t>(p + 4);
      for (int i = 0; i < 16; ++i) {
        const int first = (p[8 + i] & 15) | (high >> i & 1) << 4;
        const int second = p[8 + i] >> 4 | (high >> (i + 16) & 1) << 4;
        out[i] = static_cast<float>(first) * scale + minimum;
        out[i + 16] = static_cast<float>(second) * scale + minimum;
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
    const std::uint8_t* first = p + 2 * Chunk * block_bytes;
    const std::uint8_t* second = first + block_bytes;
    const std::uint64_t high = load<std::uint32_t>(first + 4) |
                               static_cast<std::uint64_t>(load<std::uint32_t>(second + 4)) << 32;
    return words::add_where(words::nibbles(words::twice16(first + 8, second + 8)), high, 16);
  }

  static void scales(const std::uint8_t* p, float* scale, float* minimum) {
    words::halves8(p, block_bytes, scale);
    words::halves8(p + 2, block_bytes, minimum);
  }
};

}  // namespace

QUIPU_BLOCK_CODEC(Q5_1, "0.1.0", "Apache-2.0");
