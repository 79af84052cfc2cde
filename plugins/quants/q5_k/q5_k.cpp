// Q5_K: 256 weights of 5 bits in 8 groups of 32, scales and minima of 6 bits; the fifth bits lie
// apart.
//
//   byte   0 ...... 15    16 ............ 47    48 ............................... 175
//        [six_bit_scales][ h: bit g of byte j ][ 4 times: 32 bytes, low nibbles are 32 weights,
//        high nibbles
//                          is weight j of group g    the next 32 ]
//
// Layout source: GGUF specification, ggml type 13.
#include "../shared/six_bit_scales.h"

namespace {

struct Q5_K {
  static constexpr char name[] = "q5_k", type[] = "gguf:13";
  static constexpr uint32_t block_columns = 256, block_bytes = 176, group = 32;
  static constexpr int32_t zero = 0;
  static constexpr unsigned largest = 31;
  static constexpr bool has_minimum = true;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0, 2};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned n) { return 48 + 32 * (n / 4) + 16 * (n % 2); });
    const auto high = piece.bytes([](unsigned n) { return 16 + 16 * (n % 2); });
    return (piece.shift(pairs, [](unsigned n) { return n % 4 < 2 ? 0 : 4; }) & 15) |
           (piece.shift(high, [](unsigned n) { return int(n / 2) - 4; }) & 16);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    six_bit_scales(block, out);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q5_K);
