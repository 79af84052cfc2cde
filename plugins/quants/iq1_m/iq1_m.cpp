// IQ1_M: 256 weights in 16 groups of 16; 8 weights of -1, 0 or 1 are an entry of a codebook and are
// shifted by an eighth up or down.
//
//   byte   0 ......... 31    32 ................................ 47    48 ............. 55
//        [ entries, low 8 ][ 32 x their upper 3 bits, 1 bit down ][ 4 x 4 x 3 bits s, 4 bits of
//        scale ]
//
//   w = scale * (2 s + 1) / 8 * (8 * level +- 1). Layout source: GGUF specification, ggml type 29.
#include "../shared/iq1_codebook.h"

namespace {

struct IQ1_M {
  static constexpr char name[] = "iq1_m", type[] = "gguf:29";
  static constexpr uint32_t block_columns = 256, block_bytes = 56, group = 16;
  static constexpr int32_t zero = 9;
  static constexpr unsigned largest = 18;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;

  static bool is_finite(const uint8_t* block) { return (half_of(block) & 0x7c00) != 0x7c00; }
  static constexpr bool in_fours = true;
  // By code; then those of groups that are shifted down.
  static constexpr uint8_t levels[16] = {2, 10, 18, 0, 0, 0, 0, 0, 0, 8, 16};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto entries = codes(
        piece, iq1_codebook, [](unsigned e) { return 8 * e; },
        [](unsigned e) { return 8 * 32 + 4 * e; });
    const auto down = signs_of_one(piece, [](unsigned k) { return 8 * 32 + 4 * k + 3; });
    return signed_lookup<levels>(piece, entries, down);
  }

  QUIPU_INLINE uint64_t words(const uint8_t* block) {
    return quipu::sdk::kernel::load_word<uint64_t>(block + 48);
  }
  QUIPU_INLINE unsigned half_of(const uint8_t* block) {
    const uint64_t w = words(block);
    return unsigned((w >> 12 & 0xf) | (w >> 24 & 0xf0) | (w >> 36 & 0xf00) | (w >> 48 & 0xf000));
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    const auto half = uint16_t(half_of(block));
    set_odd_scales<3, 16>(out, block, quipu::sdk::kernel::load_half(&half) / 8,
                          [](unsigned g) { return 8 * (48 + 2 * (g / 4)) + 3 * (g % 4); });
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ1_M);
