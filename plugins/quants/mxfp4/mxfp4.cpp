// MXFP4: 32 weights of E2M1 share one power of two, E8M0.
//
//   byte   0       1 ......................... 16
//        [power][ q0 q16 | q1 q17 | … q15 q31 ]     w = 2^(power - 127) * e2m1[q]; low nibble first
//
// Source: OCP Microscaling Formats specification 1.0; layout: GGUF specification, ggml type 39.
#include "../shared/e2m1_levels.h"

namespace {

struct MXFP4 {
  static constexpr char name[] = "mxfp4", type[] = "gguf:39";
  static constexpr uint32_t block_columns = 32, block_bytes = 17, group = 32;
  static constexpr int32_t zero = 12;
  static constexpr unsigned largest = 24;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;

  // 255 is the NaN of E8M0.
  static bool is_finite(const uint8_t* block) { return block[0] != 255; }

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto pairs = piece.bytes([](unsigned) { return 1; });
    const auto codes = piece.shift(pairs, [](unsigned n) { return int(4 * n); }) & 15;
    return piece.lookup(codes, e2m1_levels);
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return 0.5f * block.e8m0(0);  // levels are doubled
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", MXFP4);
