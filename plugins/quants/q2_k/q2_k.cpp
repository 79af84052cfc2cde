// Q2_K: 256 weights of 2 bits in 16 groups of 16, scales and minima of 4 bits.
//
//   byte   0 ............. 15    16 ........ 79    80 81    82 83
//        [ m0 s0 | … | m15 s15 ][ 2 bits each ]  [scale]  [minimum]     w = scale * s * q - minimum
//        * m
//
// Scales are in the low nibbles. Each half of 128 weights has 32 bytes: weights 0-31, 32-63, 64-95,
// 96-127 from the lowest bits up. Layout source: GGUF specification, ggml type 10.
#include "quipu/sdk/kernel.h"

namespace {

struct Q2_K {
  static constexpr char name[] = "q2_k", type[] = "gguf:10";
  static constexpr uint32_t block_columns = 256, block_bytes = 84, group = 16;
  static constexpr int32_t zero = 0;
  static constexpr unsigned largest = 3;
  static constexpr int scale_bounds[] = {0, 15};
  static constexpr bool has_minimum = true;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {80, 82};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto four = piece.bytes([](unsigned n) { return 16 + 32 * (n / 8) + 16 * (n % 2); });
    return piece.shift(four, [](unsigned n) { return int(2 * (n % 8 / 2)); }) & 3;
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    using namespace quipu::sdk::kernel;
    const auto low = load_word<uint64_t>(block), high = load_word<uint64_t>(block + 8);
    constexpr uint64_t nibble = 0x0f0f0f0f0f0f0f0f;
    const auto factors = load_halves(block + 80);
    out.set_scales(factors.first, low & nibble, high & nibble);
    out.set_minima(-factors.second, low >> 4 & nibble, high >> 4 & nibble);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q2_K);
