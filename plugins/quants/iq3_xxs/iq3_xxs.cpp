// IQ3_XXS: 256 weights in 8 groups of 32; 4 weights are an entry of a codebook, with signs.
//
//   byte   0 1    2 ........ 65    66 ............................... 97
//        [scale][ 64 entries ][ 8 times: 4 x 7 signs and 4 bits s ]
//
//   w = scale * (2 s + 1) / 4 * sign * level. Layout source: GGUF specification, ggml type 18.
#include "codebook.h"

namespace {

struct IQ3_XXS {
  static constexpr char name[] = "iq3_xxs", type[] = "gguf:18";
  static constexpr uint32_t block_columns = 256, block_bytes = 98, group = 32;
  static constexpr int32_t zero = 62;
  static constexpr unsigned largest = 124;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;
  // By code; then those with a sign.
  static constexpr uint8_t levels[16] = {62 + 4,  62 + 12, 62 + 20, 62 + 28, 62 + 36, 62 + 44,
                                         62 + 52, 62 + 62, 62 - 4,  62 - 12, 62 - 20, 62 - 28,
                                         62 - 36, 62 - 44, 62 - 52, 62 - 62};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto entries = codes(piece, codebook, [](unsigned e) { return 8 * (2 + e); });
    const auto sign =
        signs_of_seven(piece, [](unsigned k) { return 8 * (66 + 4 * (k / 4)) + 7 * (k % 4); });
    return signed_lookup<levels>(piece, entries, sign);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    set_odd_scales<4, 8>(out, block, quipu::sdk::kernel::load_half(block) / 4,
                         [](unsigned g) { return 8 * (69 + 4 * g) + 4; });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ3_XXS);
