// IQ2_S: 256 weights in 16 groups of 16; 8 weights are an entry of a codebook with signs.
//
//   byte   0 1    2 ......... 33    34 .... 65    66 ........ 73    74 ....... 81
//        [scale][ entries, low 8 ][ 256 signs ][ their upper 2 ][ s0 … s15, 4 bits ]
//
//   w = scale * (2 s + 1) / 8 * sign * level. Layout source: GGUF specification, ggml type 22.
#include "codebook.h"

namespace {

struct IQ2_S {
  static constexpr char name[] = "iq2_s", type[] = "gguf:22";
  static constexpr uint32_t block_columns = 256, block_bytes = 82, group = 16;
  static constexpr int32_t zero = 43;
  static constexpr unsigned largest = 86;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;
  // By code; then those with a sign.
  static constexpr uint8_t levels[16] = {43 + 8, 43 + 25, 43 + 43, 0,       0,      0,
                                         0,      0,       43 - 8,  43 - 25, 43 - 43};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto entries = codes(
        piece, codebook, [](unsigned e) { return 8 * (2 + e); },
        [](unsigned e) { return 8 * 66 + 2 * e; });
    const auto sign = signs(piece, [](unsigned k) { return 8 * (34 + k); });
    return signed_lookup<levels>(piece, entries, sign);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    set_odd_scales<4, 16>(out, block, quipu::sdk::kernel::load_half(block) / 8,
                          [](unsigned g) { return 8 * 74 + 4 * g; });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ2_S);
