// NVFP4: 64 weights of E2M1 in 4 groups of 16, each with a scale of 8 bits, unsigned E4M3.
//
//   byte   0 ... 3    4 ............................... 35
//        [s0 … s3][ 4 times: 8 bytes, q0 q8 | … | q7 q15 ]     w = s * e2m1[q]; low nibble first
//
// Layout source: GGUF specification, ggml type 40.
#include "../shared/e2m1_levels.h"

namespace {

struct NVFP4 {
  static constexpr char name[] = "nvfp4", type[] = "gguf:40";
  static constexpr uint32_t block_columns = 64, block_bytes = 36, group = 16;
  static constexpr int32_t zero = 12;
  static constexpr unsigned largest = 24;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;

  static bool is_finite(const uint8_t*) { return true; }

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto codes = piece.made([](const uint8_t* block, unsigned n) {
      const auto pairs = quipu::sdk::kernel::load_word<uint64_t>(block + 4 + 8 * n);
      constexpr uint64_t nibble = 0x0f0f0f0f0f0f0f0f;
      return quipu::sdk::kernel::Sixteen{pairs & nibble, pairs >> 4 & nibble};
    });
    return piece.lookup(codes, e2m1_levels);
  }

  // Halves have the same bits of mantissa above, and an exponent that is 8 larger: times 2^8, and
  // half of it, as levels are doubled. 127, the NaN of E4M3, counts as zero.
  static void group_scales(const uint8_t* block, float* scale) {
    for (int g = 0; g < 4; ++g) {
      const auto half = uint16_t(block[g] == 127 ? 0 : (block[g] & 127) << 7);
      scale[g] = 128 * quipu::sdk::kernel::load_half(&half);
    }
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", NVFP4);
