// IQ4_XS: 256 weights of 16 uneven levels in 8 groups of 32, scales of 6 bits.
//
//   byte   0 1      2 3         4 .. 7        8 ................................ 135
//        [scale][upper 2 bits][low 4 bits][ 8 times: 16 bytes, q0 q16 | … | q15 q31 ]
//
//   w = scale * (s - 32) * level[q]; low nibble first. Layout source: GGUF specification, ggml type
//   23.
#include "../shared/iq4_levels.h"

namespace {

struct IQ4_XS {
  static constexpr char name[] = "iq4_xs", type[] = "gguf:23";
  static constexpr uint32_t block_columns = 256, block_bytes = 136, group = 32;
  static constexpr int32_t zero = 127;
  static constexpr unsigned largest = 240;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {0};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned n) { return 8 + 16 * (n / 2); });
    const auto codes = piece.shift(pairs, [](unsigned n) { return int(4 * (n % 2)); }) & 15;
    return piece.lookup(codes, iq4_levels);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    using namespace quipu::sdk::kernel;
    const uint64_t s = bytes_of_bits<4>(load_word<uint32_t>(block + 4)) |
                       bytes_of_bits<2>(load_word<uint16_t>(block + 2)) << 4;
    // s - 32 in each byte: no byte of the sum reaches 256.
    out.set_scales(load_half(block), (s + 0x6060606060606060) ^ 0x8080808080808080);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ4_XS);
