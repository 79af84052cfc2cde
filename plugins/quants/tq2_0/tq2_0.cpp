// TQ2_0: 256 weights of -1, 0 or 1, 2 bits each, share one half-precision scale.
//
//   byte   0 ........ 63    64 65
//        [ 2 bits each ]  [scale]     w = scale * (q - 1)
//
// Each half of 128 weights has 32 bytes: weights 0-31, 32-63, 64-95, 96-127 from the lowest bits
// up. Layout source: GGUF specification, ggml type 35.
#include "quipu/sdk/kernel.h"

namespace {

struct TQ2_0 {
  static constexpr char name[] = "tq2_0", type[] = "gguf:35";
  static constexpr uint32_t block_columns = 256, block_bytes = 66, group = 32;
  static constexpr int32_t zero = 1;
  static constexpr unsigned largest = 3;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {64};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto four = piece.bytes([](unsigned n) { return 32 * (n / 8) + 16 * (n % 2); });
    return piece.shift(four, [](unsigned n) { return int(2 * (n % 8 / 2)); }) & 3;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(64);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", TQ2_0);
