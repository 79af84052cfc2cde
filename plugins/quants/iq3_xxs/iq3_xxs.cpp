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
  static constexpr uint8_t levels[16] = {4, 12, 20, 28, 36, 44, 52, 62};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      const uint8_t* entry = block + 2 + 4 * n;
      const auto four = [&](unsigned i) {
        return codebook.bytes(entry[i]) | codebook.bytes(entry[i + 1]) << 32;
      };
      return quipu::sdk::kernel::Sixteen{four(0), four(2)};
    });
    const auto signs = piece.flags([](const uint8_t* block, unsigned n) {
      using namespace quipu::sdk::kernel;
      const auto word = load_word<uint32_t>(block + 66 + 4 * (n / 2)) >> (14 * (n % 2));
      return even_signs(word) | even_signs(word >> 7) << 8;
    });
    return piece.negate(piece.lookup(codes, levels), signs, zero);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    uint64_t odd = 0;
    for (unsigned g = 0; g < 8; ++g) odd |= uint64_t(2 * (block[69 + 4 * g] >> 4) + 1) << (8 * g);
    out.set_scales(quipu::sdk::kernel::load_half(block) / 4, odd);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ3_XXS);
