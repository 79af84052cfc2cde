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

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      const uint8_t* low = block + 2 + 2 * n;
      const unsigned upper = of_group(block, n / 2) >> (6 * (n % 2));
      return quipu::sdk::kernel::Sixteen{iq1_codebook.bytes(low[0] | (upper & 7) << 8),
                                         iq1_codebook.bytes(low[1] | (upper >> 3 & 7) << 8)};
    });
    const auto up = piece.flags([](const uint8_t* block, unsigned n) {
      return of_group(block, n / 2) >> 15 ? 0u : 0xffffu;
    });
    return (piece.shift(codes, [](unsigned) { return -3; }) & 0x18) | (up & 2);
  }

  QUIPU_INLINE unsigned of_group(const uint8_t* block, unsigned group) {
    return quipu::sdk::kernel::load_word<uint16_t>(block + 34 + 2 * group);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    uint64_t odd = 0;
    for (unsigned g = 0; g < 8; ++g)
      odd |= uint64_t(2 * (of_group(block, g) >> 12 & 7) + 1) << (8 * g);
    out.set_scales(quipu::sdk::kernel::load_half(block) / 8, odd);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", IQ1_S);
