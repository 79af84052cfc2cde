// Q4_K: 256 weights of 4 bits in 8 groups of 32, scales and minima of 6 bits.
//
//   byte   0 ...... 15    16 ................................ 143
//        [six_bit_scales][ 4 times: 32 bytes, low nibbles are 32 weights, high nibbles the next 32
//        ]
//
// Layout source: GGUF specification, ggml type 12.
#include "../shared/six_bit_scales.h"

namespace {

struct Q4_K {
  static constexpr char name[] = "q4_k", type[] = "gguf:12";
  static constexpr uint32_t block_columns = 256, block_bytes = 144, group = 32;
  static constexpr int32_t zero = 0;
  static constexpr unsigned largest = 15;
  static constexpr bool has_minimum = true;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0, 2};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned n) { return 16 + 32 * (n / 4) + 16 * (n % 2); });
    return piece.shift(pairs, [](unsigned n) { return n % 4 < 2 ? 0 : 4; }) & 15;
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    six_bit_scales(block, out);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q4_K);
