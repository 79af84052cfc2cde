// IQ2_XS: 256 weights in 16 groups of 16; 8 weights are an entry of a codebook with signs.
//
//   byte   0 1    2 ............................ 65    66 ...... 73
//        [scale][ 32 times: 9 bits entry, 7 signs ][ s0 … s15, 4 bits ]
//
//   w = scale * (2 s + 1) / 8 * sign * level. Layout source: GGUF specification, ggml type 17.
#include "codebook.h"

namespace {

struct IQ2_XS {
  static constexpr char name[] = "iq2_xs", type[] = "gguf:17";
  static constexpr uint32_t block_columns = 256, block_bytes = 74, group = 16;
  static constexpr int32_t zero = 43;
  static constexpr unsigned largest = 86;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true, needs_importance = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;
  // By code; then those with a sign.
  static constexpr uint8_t levels[16] = {43 + 8, 43 + 25, 43 + 43, 0,       0,      0,
                                         0,      0,       43 - 8,  43 - 25, 43 - 43};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto entries = codes(
        piece, codebook, [](unsigned e) { return 16 * (1 + e); },
        [](unsigned e) { return 16 * (1 + e) + 8; });
    const auto sign = signs_of_seven(piece, [](unsigned k) { return 16 * (1 + k) + 9; });
    return signed_lookup<levels>(piece, entries, sign);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    set_odd_scales<4, 16>(out, block, quipu::sdk::kernel::load_half(block) / 8,
                          [](unsigned g) { return 8 * 66 + 4 * g; });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ2_XS);
