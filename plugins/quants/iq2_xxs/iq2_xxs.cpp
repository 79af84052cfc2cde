// IQ2_XXS: 256 weights in 8 groups of 32; 8 weights are an entry of a codebook with signs.
//
//   byte   0 1    2 ............................................................ 65
//        [scale][ 8 times: 4 entries of 8 bits, then 4 x 7 signs and 4 bits s ]
//
//   w = scale * (2 s + 1) / 8 * sign * level. Layout source: GGUF specification, ggml type 16.
#include "codebook.h"

namespace {

struct IQ2_XXS {
  static constexpr char name[] = "iq2_xxs", type[] = "gguf:16";
  static constexpr uint32_t block_columns = 256, block_bytes = 66, group = 32;
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
    const auto entries =
        codes(piece, codebook, [](unsigned e) { return 8 * (2 + 8 * (e / 4) + e % 4); });
    const auto sign =
        signs_of_seven(piece, [](unsigned k) { return 8 * (6 + 8 * (k / 4)) + 7 * (k % 4); });
    return signed_lookup<levels>(piece, entries, sign);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    set_odd_scales<4, 8>(out, block, quipu::sdk::kernel::load_half(block) / 8,
                         [](unsigned g) { return 8 * (9 + 8 * g) + 4; });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ2_XXS);
