// Q4_0: 32 weights of 4 bits share one half-precision scale.
//
//   byte   0 1    2 ......................... 17
//        [scale][ q0 q16 | q1 q17 | … q15 q31 ]     w = scale * (q - 8); low nibble first
//
// Layout source: GGUF specification, ggml type 2.
#include "quipu/sdk/kernel.h"

namespace {

struct Q4_0 {
  static constexpr char name[] = "q4_0", type[] = "gguf:2";
  static constexpr uint32_t block_columns = 32, block_bytes = 18, group = 32;
  static constexpr int32_t zero = 8;
  static constexpr unsigned largest = 15;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned) { return 2; });
    return piece.shift(pairs, [](unsigned n) { return int(4 * n); }) & 15;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q4_0);
