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
    const auto codes = nibbles(piece, [](unsigned n) { return 4 + 8 * n; });
    return piece.lookup(codes, e2m1_levels);
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return 0.5f * block.e4m3_of_groups(0);  // levels are doubled
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", NVFP4);
