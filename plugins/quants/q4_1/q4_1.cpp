// Q4_1: 32 weights of 4 bits share a half-precision scale and minimum.
//
//   byte   0 1      2 3     4 ......................... 19
//        [scale][minimum][ q0 q16 | q1 q17 | … q15 q31 ]     w = scale * q + minimum; low nibble
//        first
//
// Layout source: GGUF specification, ggml type 3.
#include "quipu/sdk/kernel.h"

namespace {

struct Q4_1 {
  static constexpr char name[] = "q4_1", type[] = "gguf:3";
  static constexpr uint32_t block_columns = 32, block_bytes = 20, group = 32;
  static constexpr int32_t zero = 0;
  static constexpr unsigned largest = 15;
  static constexpr bool has_minimum = true;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0, 2};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned) { return 4; });
    return piece.shift(pairs, [](unsigned n) { return int(4 * n); }) & 15;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }

  template <class Blocks>
  static auto minimum(Blocks block) {
    return block.half(2);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q4_1);
