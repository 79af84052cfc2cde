// Q4_0: 32 weights share one half-precision scale.
//
//   byte   0 1   2 ........... 17
//        [scale][ q0|q16 … q15|q31 ]     w[i] = scale * (q[i] - 8); q0 in the low nibble
//
// Layout source: GGUF specification, type 2.
#include <string_view>

#include "quipu/sdk/kernel.h"

namespace {

using namespace quipu::sdk;

struct Q4_0 {
  static constexpr std::string_view name = "q4_0", type = "gguf:2";
  static constexpr std::uint32_t block_columns = 32, block_bytes = 18, group = 32;
  static constexpr std::int32_t zero = 8;
  static constexpr bool has_minimum = false;

  static void dequantize(const void* blocks, std::uint64_t count, float* out) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < count;
         b += block_columns, p += block_bytes, out += block_columns) {
      const float scale = half_to_float(load<std::uint16_t>(p));
      for (int i = 0; i < 16; ++i) {
        out[i] = static_cast<float>((p[2 + i] & 15) - 8) * scale;
        out[i + 16] = static_cast<float>((p[2 + i] >> 4) - 8) * scale;
      }
    }
  }

  static std::uint64_t find_invalid(const void* blocks, std::uint64_t block_count) noexcept {
    const auto* p = static_cast<const std::uint8_t*>(blocks);
    for (std::uint64_t b = 0; b < block_count; ++b, p += block_bytes)
      if (!half_is_finite(load<std::uint16_t>(p + 0))) return b;
    return block_count;
  }

  template <int Chunk>
  static words::bytes64 weights(const std::uint8_t* p) {
    const std::uint8_t* q = p + 2 * Chunk * block_bytes + 2;
    return words::nibbles(words::twice16(q, q + block_bytes));
  }

  static void scales(const std::uint8_t* p, float* scale, float*) {
    words::halves8(p, block_bytes, scale);
  }
};

}  // namespace

QUIPU_BLOCK_CODEC(Q4_0, "0.1.0", "Apache-2.0");
