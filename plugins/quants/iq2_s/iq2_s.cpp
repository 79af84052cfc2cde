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
  static constexpr uint8_t levels[16] = {8, 25, 43};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      const uint8_t* low = block + 2 + 2 * n;
      const unsigned upper = unsigned(block[66 + n / 2]) >> (4 * (n % 2));
      return quipu::sdk::kernel::Sixteen{codebook.bytes(low[0] | (upper & 3) << 8),
                                         codebook.bytes(low[1] | (upper >> 2 & 3) << 8)};
    });
    const auto signs = piece.flags([](const uint8_t* block, unsigned n) {
      return quipu::sdk::kernel::load_word<uint16_t>(block + 34 + 2 * n);
    });
    return piece.negate(piece.lookup(codes, levels), signs, zero);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    using namespace quipu::sdk::kernel;
    const uint64_t low = bytes_of_bits<4>(load_word<uint32_t>(block + 74)),
                   high = bytes_of_bits<4>(load_word<uint32_t>(block + 78));
    constexpr uint64_t one = 0x0101010101010101;
    out.set_scales(load_half(block) / 8, low << 1 | one, high << 1 | one);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ2_S);
