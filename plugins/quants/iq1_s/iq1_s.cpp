// IQ1_S: 256 weights in 8 groups of 32; 8 weights of -1, 0 or 1 are an entry of a codebook, and a
// group is shifted by an eighth up or down.
//
//   byte   0 1    2 ......... 33    34 ................................................. 49
//        [scale][ entries, low 8 ][ 8 times: 4 x their upper 3 bits, 3 bits s, 1 bit down ]
//
//   w = scale * (2 s + 1) / 8 * (8 * level +- 1). Layout source: GGUF specification, ggml type 19.
#include "../shared/iq1_codebook.h"

namespace {

struct IQ1_S {
  static constexpr char name[] = "iq1_s", type[] = "gguf:19";
  static constexpr uint32_t block_columns = 256, block_bytes = 50, group = 32;
  static constexpr int32_t zero = 9;
  static constexpr unsigned largest = 18;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true, needs_importance = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr bool in_fours = true;
  // By code; then those of groups that are shifted down.
  static constexpr uint8_t levels[16] = {2, 10, 18, 0, 0, 0, 0, 0, 0, 8, 16};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto entries = codes(
        piece, iq1_codebook, [](unsigned e) { return 8 * (2 + e); },
        [](unsigned e) { return 8 * (34 + 2 * (e / 4)) + 3 * (e % 4); });
    const auto down = signs_of_one(piece, [](unsigned k) { return 8 * (34 + 2 * (k / 4)) + 15; });
    return signed_lookup<levels>(piece, entries, down);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    set_odd_scales<3, 8>(out, block, quipu::sdk::kernel::load_half(block) / 8,
                         [](unsigned g) { return 8 * (34 + 2 * g) + 12; });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ1_S);
