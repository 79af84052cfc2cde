// TQ1_0: 256 weights of -1, 0 or 1, five in a byte, share one half-precision scale.
//
//   byte   0 ............ 31    32 ........... 47    48 ........ 51    52 53
//        [ 5 x 32 weights ]   [ 5 x 16 weights ]   [ 4 x 4 weights ]  [scale]     w = scale * (q -
//        1)
//
// A byte is a fraction of 256 with five digits in base 3: its first digit belongs to the first 32
// (16, 4) weights of its part, the next to those after. Layout source: GGUF specification, ggml
// type 34.
#include "quipu/sdk/kernel.h"

namespace {

struct TQ1_0 {
  static constexpr char name[] = "tq1_0", type[] = "gguf:34";
  static constexpr uint32_t block_columns = 256, block_bytes = 54, group = 32;
  static constexpr int32_t zero = 1;
  static constexpr unsigned largest = 2;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {52};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto bytes = piece.made([](const uint8_t* block, unsigned n) {
      using namespace quipu::sdk::kernel;
      if (n == 15) return Sixteen{last(block, 1, 3), last(block, 9, 27)};
      const uint8_t* at = block + (n < 10 ? 16 * (n % 2) : 32);
      return Sixteen{load_word<uint64_t>(at), load_word<uint64_t>(at + 8)};
    });
    return piece.digit(bytes, [](unsigned n) { return int(n < 10 ? n / 2 : n < 15 ? n - 10 : 0); });
  }

  // The last four bytes, with the digits that `low` and `high` bring to the front.
  QUIPU_INLINE uint64_t last(const uint8_t* block, unsigned low, unsigned high) {
    uint64_t bytes = 0;
    for (unsigned i = 0; i < 4; ++i)
      bytes |= uint64_t(uint8_t(block[48 + i] * low)) << (8 * i) |
               uint64_t(uint8_t(block[48 + i] * high)) << (8 * i + 32);
    return bytes;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.half(52);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", TQ1_0);
