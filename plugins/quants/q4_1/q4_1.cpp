// Q4_1: 32 weights share a half-precision scale and minimum.
//
//   byte   0 1    2 3    4 ........... 19
//        [scale][minimum][ q0|q16 … q15|q31 ]     w[i] = scale * q[i] + minimum; q0 in the low
//        nibble
//
// Layout source: GGUF specification, type 3.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

struct Q4_1 {
  static constexpr std::string_view name = "q4_1", type = "gguf:3";
  static constexpr std::uint32_t block_columns = 32, block_bytes = 20, group = 32;
  static constexpr std::int32_t zero = 0;
  static constexpr bool has_minimum = true;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < count;
         b += block_columns, p += block_bytes, out += block_columns) {
      const float scale = half_to_float(load<std::uint16_t>(p));
      const float minimum = half_to_float(load<std::uint16_t>(p + 2));
      for (int i = 0; i < 16; ++i) {
        out[i] = static_cast<float>(p[4 + i] & 15) * scale + minimum;
        out[i + 16] = static_cast<float>(p[4 + i] >> 4) * scale + minimum;
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
    const std::uint8_t* q = p + 2 * Chunk * block_bytes + 4;
    return words::nibbles(words::twice16(q, q + block_bytes));
  }

  static void scales(const std::uint8_t* p, float* scale, float* minimum) {
    words::halves8(p, block_bytes, scale);
    words::halves8(p + 2, block_bytes, minimum);
  }
};

}  // namespace

QUIPU_BLOCK_CODEC(Q4_1, "0.1.0", "Apache-2.0");
