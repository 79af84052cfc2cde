// Q2_0: 64 weights of 2 bits share one half-precision scale.
//
//   byte   0 1    2 .................. 17
//        [scale][ 4 weights in a byte ]     w = scale * (q - 1); the first weight lowest
//
// Layout source: ggml type 42.
#include "quipu/sdk/kernel.h"

namespace {

struct Q2_0 {
  static constexpr char name[] = "q2_0", type[] = "gguf:42";
  static constexpr uint32_t block_columns = 64, block_bytes = 18, group = 32;
  static constexpr int32_t zero = 1;
  static constexpr unsigned largest = 3;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;

  template <class Pieces>
  static auto values(Pieces piece) {
    return quipu::sdk::kernel::packed<2, 2>(piece);
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q2_0);
