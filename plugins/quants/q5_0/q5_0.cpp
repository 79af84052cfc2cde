// Q5_0: 32 weights of 5 bits share one half-precision scale; the fifth bits lie apart.
//
//   byte   0 1     2 ........ 5      6 ......................... 21
//        [scale][ h0 h1 … h31 ][ q0 q16 | q1 q17 | … q15 q31 ]     w = scale * (16 h + q - 16)
//
// Layout source: GGUF specification, ggml type 6.
#include "quipu/sdk/kernel.h"

namespace {

struct Q5_0 {
  static constexpr char name[] = "q5_0", type[] = "gguf:6";
  static constexpr uint32_t block_columns = 32, block_bytes = 22, group = 32;
  static constexpr int32_t zero = 16;
  static constexpr unsigned largest = 31;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned) { return 6; });
    const auto high = piece.bits([](unsigned n) { return 2 + 2 * n; }, 16);
    return (piece.shift(pairs, [](unsigned n) { return int(4 * n); }) & 15) | high;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q5_0);
