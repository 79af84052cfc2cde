// Q5_1: 32 weights of 5 bits share a half-precision scale and minimum; the fifth bits lie apart.
//
//   byte   0 1      2 3      4 ........ 7      8 ......................... 23
//        [scale][minimum][ h0 h1 … h31 ][ q0 q16 | q1 q17 | … q15 q31 ]     w = scale * (16 h + q)
//        + minimum
//
// Layout source: GGUF specification, ggml type 7.
#include "quipu/sdk/kernel.h"

namespace {

struct Q5_1 {
  static constexpr char name[] = "q5_1", type[] = "gguf:7";
  static constexpr uint32_t block_columns = 32, block_bytes = 24, group = 32;
  static constexpr int32_t zero = 0;
  static constexpr unsigned largest = 31;
  static constexpr bool has_minimum = true;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0, 2};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned) { return 8; });
    const auto high = piece.bits([](unsigned n) { return 4 + 2 * n; }, 16);
    return (piece.shift(pairs, [](unsigned n) { return int(4 * n); }) & 15) | high;
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

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q5_1);
