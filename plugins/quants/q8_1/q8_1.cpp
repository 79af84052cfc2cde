// Q8_1: Q8_0 with the sum of the weights, which kernels of others keep for activations.
//
//   byte   0 1    2 3    4 ........ 35
//        [scale][sum][ q0 q1 … q31 ]     w = scale * q, signed; the sum is not needed
//
// Layout source: GGUF specification, ggml type 9.
#include "quipu/sdk/kernel.h"

namespace {

struct Q8_1 {
  static constexpr char name[] = "q8_1", type[] = "gguf:9";
  static constexpr uint32_t block_columns = 32, block_bytes = 36, group = 32;
  static constexpr int32_t zero = 128;
  static constexpr unsigned largest = 255;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};

  template <class Pieces>
  static auto values(Pieces piece) {
    return piece.bytes([](unsigned n) { return 4 + 16 * n; }) ^ 0x80;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q8_1);
