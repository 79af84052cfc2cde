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
  static constexpr uint8_t levels[16] = {8, 25, 43};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      using namespace quipu::sdk::kernel;
      return Sixteen{codebook.bytes(load_word<uint16_t>(block + 2 + 4 * n)),
                     codebook.bytes(load_word<uint16_t>(block + 4 + 4 * n))};
    });
    const auto signs = piece.flags([](const uint8_t* block, unsigned n) {
      using namespace quipu::sdk::kernel;
      const auto both = load_word<uint32_t>(block + 2 + 4 * n);
      return even_signs(both >> 9) | even_signs(both >> 25) << 8;
    });
    return piece.negate(piece.lookup(codes, levels), signs, zero);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    using namespace quipu::sdk::kernel;
    const uint64_t low = bytes_of_bits<4>(load_word<uint32_t>(block + 66)),
                   high = bytes_of_bits<4>(load_word<uint32_t>(block + 70));
    constexpr uint64_t one = 0x0101010101010101;
    out.set_scales(load_half(block) / 8, low << 1 | one, high << 1 | one);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ2_XS);
