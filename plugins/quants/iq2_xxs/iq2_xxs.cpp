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
  static constexpr uint8_t levels[16] = {8, 25, 43};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      const uint8_t* entry = block + 2 + 8 * (n / 2) + 2 * (n % 2);
      return quipu::sdk::kernel::Sixteen{codebook.bytes(entry[0]), codebook.bytes(entry[1])};
    });
    const auto signs = piece.flags([](const uint8_t* block, unsigned n) {
      using namespace quipu::sdk::kernel;
      const auto word = load_word<uint32_t>(block + 6 + 8 * (n / 2)) >> (14 * (n % 2));
      return even_signs(word) | even_signs(word >> 7) << 8;
    });
    return piece.negate(piece.lookup(codes, levels), signs, zero);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    uint64_t odd = 0;
    for (unsigned g = 0; g < 8; ++g) odd |= uint64_t(2 * (block[9 + 8 * g] >> 4) + 1) << (8 * g);
    out.set_scales(quipu::sdk::kernel::load_half(block) / 8, odd);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ2_XXS);
