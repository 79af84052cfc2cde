// IQ4_NL: Q4_0 with 16 levels that lie closer around zero.
//
//   byte   0 1    2 ......................... 17
//        [scale][ q0 q16 | q1 q17 | … q15 q31 ]     w = scale * level[q]; low nibble first
//
// Layout source: GGUF specification, ggml type 20.
#include "../shared/iq4_levels.h"

namespace {

struct IQ4_NL {
  static constexpr char name[] = "iq4_nl", type[] = "gguf:20";
  static constexpr uint32_t block_columns = 32, block_bytes = 18, group = 32;
  static constexpr int32_t zero = 127;
  static constexpr unsigned largest = 240;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned) { return 2; });
    const auto codes = piece.shift(pairs, [](unsigned n) { return int(4 * n); }) & 15;
    return piece.lookup(codes, iq4_levels);
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ4_NL);
