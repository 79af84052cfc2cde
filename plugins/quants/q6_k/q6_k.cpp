// Q6_K: 256 weights of 6 bits in 16 groups of 16, scales of 8 bits, signed.
//
//   byte   0 ................ 127    128 ............ 191    192 .. 207    208 209
//        [ low 4 bits of weights ][ their upper 2 bits ][ s0 … s15 ][ scale ]     w = scale * s *
//        (q - 32)
//
// Each half of 128 weights has 64 bytes of low bits (weights 0-63 in the low nibbles, 64-127 in the
// high ones) and 32 bytes of upper bits (weights 0-31, 32-63, 64-95, 96-127 from the lowest bits
// up). Layout source: GGUF specification, ggml type 14.
#include "quipu/sdk/kernel.h"

namespace {

struct Q6_K {
  static constexpr char name[] = "q6_k", type[] = "gguf:14";
  static constexpr uint32_t block_columns = 256, block_bytes = 210, group = 16;
  static constexpr int32_t zero = 32;
  static constexpr unsigned largest = 63;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;
  static constexpr uint32_t halves[] = {208};

  template <class Pieces>
  static auto values(Pieces piece) {
    const auto low = piece.bytes([](unsigned n) { return 64 * (n / 8) + 16 * (n % 4); });
    const auto upper = piece.bytes([](unsigned n) { return 128 + 32 * (n / 8) + 16 * (n % 2); });
    return (piece.shift(low, [](unsigned n) { return n % 8 < 4 ? 0 : 4; }) & 0x0f) |
           (piece.shift(upper, [](unsigned n) { return 2 * int(n % 8 / 2) - 4; }) & 0x30);
  }

  template <class Scales>
  static void scales(const uint8_t* block, Scales& out) {
    uint64_t s[2];
    memcpy(s, block + 192, 16);
    out.set_scales(quipu::sdk::kernel::load_half(block + 208), s[0], s[1]);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q6_K);
