// IQ3_S: 256 weights in 8 groups of 32; 4 weights are an entry of a codebook, with signs.
//
//   byte   0 1    2 ......... 65    66 ........ 73    74 ... 105    106 ....... 109
//        [scale][ entries, low 8 ][ their upper bit ][ 256 signs ][ s0 … s7, 4 bits ]
//
//   w = scale * (2 s + 1) * sign * level. Layout source: GGUF specification, ggml type 21.
#include "codebook.h"

namespace {

struct IQ3_S {
  static constexpr char name[] = "iq3_s", type[] = "gguf:21";
  static constexpr uint32_t block_columns = 256, block_bytes = 110, group = 32;
  static constexpr int32_t zero = 15;
  static constexpr unsigned largest = 30;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;
  // By code; then those with a sign.
  static constexpr uint8_t levels[16] = {15 + 1,  15 + 3,  15 + 5,  15 + 7, 15 + 9, 15 + 11,
                                         15 + 13, 15 + 15, 15 - 1,  15 - 3, 15 - 5, 15 - 7,
                                         15 - 9,  15 - 11, 15 - 13, 15 - 15};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto entries = codes(
        piece, codebook, [](unsigned e) { return 8 * (2 + e); },
        [](unsigned e) { return 8 * 66 + e; });
    const auto sign = signs(piece, [](unsigned k) { return 8 * (74 + k); });
    return signed_lookup<levels>(piece, entries, sign);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    set_odd_scales<4, 8>(out, block, quipu::sdk::kernel::load_half(block),
                         [](unsigned g) { return 8 * 106 + 4 * g; });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ3_S);
