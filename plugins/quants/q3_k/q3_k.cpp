// Q3_K: 256 weights of 3 bits in 16 groups of 16, scales of 6 bits.
//
//   byte   0 ........... 31    32 .............. 95    96 ... 107    108 109
//        [ their upper bit ][ low 2 bits of weights ][ s0 … s15 ]   [scale]     w = scale * (s -
//        32) * (q - 4)
//
// Low bits as in Q2_K; bit i of the 32 upper bytes belongs to weights 32 i to 32 i + 31. Scales:
// the low 4 bits of s0-s7 and s8-s15 are nibbles of 8 bytes; the upper 2 bits of s0-s3, s4-s7,
// s8-s11, s12-s15 those of 4 more, from the lowest up. Layout source: GGUF specification, ggml
// type 11.
#include "quipu/sdk/kernel.h"

namespace {

struct Q3_K {
  static constexpr char name[] = "q3_k", type[] = "gguf:11";
  static constexpr uint32_t block_columns = 256, block_bytes = 110, group = 16;
  static constexpr int32_t zero = 4;
  static constexpr unsigned largest = 7;
  static constexpr int scale_bounds[] = {-32, 31};
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {108};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto low = piece.bytes([](unsigned n) { return 32 + 32 * (n / 8) + 16 * (n % 2); });
    const auto upper = piece.bytes([](unsigned n) { return 16 * (n % 2); });
    return (piece.shift(low, [](unsigned n) { return int(2 * (n % 8 / 2)); }) & 3) |
           (piece.shift(upper, [](unsigned n) { return int(n / 2) - 2; }) & 4);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    using namespace quipu::sdk::kernel;
    const auto low = load_word<uint64_t>(block + 96);
    const uint64_t upper = load_word<uint32_t>(block + 104);
    constexpr uint64_t nibble = 0x0f0f0f0f0f0f0f0f, two = 0x0303030303030303;
    const uint64_t a = (low & nibble) | ((upper | upper << 30) & two) << 4;
    const uint64_t b = (low >> 4 & nibble) | ((upper >> 4 | upper >> 6 << 32) & two) << 4;
    // s - 32 in each byte: no byte of the sum reaches 256.
    constexpr uint64_t offset = 0x6060606060606060, sign = 0x8080808080808080;
    out.set_scales(load_half(block + 108), (a + offset) ^ sign, (b + offset) ^ sign);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q3_K);
