// Q1_0: 128 signs share one half-precision scale.
//
//   byte   0 1    2 ........ 17
//        [scale][ 128 bits ]     w = scale where the bit is 1, -scale where it is 0
//
// Layout source: ggml type 41.
#include "quipu/sdk/kernel.h"

namespace {

struct Q1_0 {
  static constexpr char name[] = "q1_0", type[] = "gguf:41";
  static constexpr uint32_t block_columns = 128, block_bytes = 18, group = 32;
  static constexpr int32_t zero = 1;
  static constexpr unsigned largest = 2;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;

  template <class Pieces>
  static auto values(Pieces piece) {
    return quipu::sdk::kernel::packed<1, 2, 1>(piece);
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q1_0);
