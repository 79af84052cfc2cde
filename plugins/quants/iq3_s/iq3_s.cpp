// IQ3_S: 256 weights in 8 groups of 32; 4 weights are an entry of a codebook, with signs.
//
//   byte   0 1    2 ......... 65    66 ........ 73    74 ... 105    106 ....... 109
//        [scale][ entries, low 8 ][ their upper bit ][ 256 signs ][ s0 … s7, 4 bits ]
//
//   w = scale * (2 s + 1) * sign * level. Layout source: GGUF specification, ggml type 21.
#include "codebook.h"

namespace {

struct IQ3_S {
  static constexpr char name[] = "iq3_s", type[] = "gguf:21";
  static constexpr uint32_t block_columns = 256, block_bytes = 110, group = 32;
  static constexpr int32_t zero = 15;
  static constexpr unsigned largest = 30;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};
  static constexpr uint8_t levels[16] = {1, 3, 5, 7, 9, 11, 13, 15};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      const uint8_t* low = block + 2 + 4 * n;
      const unsigned upper = unsigned(block[66 + n / 2]) >> (4 * (n % 2)) << 8;
      const auto four = [&](unsigned i) {
        return codebook.bytes(low[i] | (upper >> i & 256)) |
               codebook.bytes(low[i + 1] | (upper >> (i + 1) & 256)) << 32;
      };
      return quipu::sdk::kernel::Sixteen{four(0), four(2)};
    });
    const auto signs = piece.flags([](const uint8_t* block, unsigned n) {
      return quipu::sdk::kernel::load_word<uint16_t>(block + 74 + 2 * n);
    });
    return piece.negate(piece.lookup(codes, levels), signs, zero);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    using namespace quipu::sdk::kernel;
    const uint64_t s = bytes_of_bits<4>(load_word<uint32_t>(block + 106));
    out.set_scales(load_half(block), s << 1 | 0x0101010101010101);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ3_S);
