// Q8_K: 256 weights of 8 bits share one float, with sums that kernels of others keep for
// activations.
//
//   byte   0 ... 3    4 ........... 259    260 ............ 291
//        [ scale ][ q0 q1 … q255 ][ sums of 16, not needed ]     w = scale * q, signed
//
// Layout source: GGUF specification, ggml type 15.
#include "quipu/sdk/kernel.h"

namespace {

struct Q8_K {
  static constexpr char name[] = "q8_k", type[] = "gguf:15";
  static constexpr uint32_t block_columns = 256, block_bytes = 292, group = 32;
  static constexpr int32_t zero = 128;
  static constexpr unsigned largest = 255;
  static constexpr bool has_minimum = false;
  static constexpr bool quantizes = true;

  static bool is_finite(const uint8_t* block) {
    return (quipu::sdk::kernel::load_word<uint32_t>(block) & 0x7f800000) != 0x7f800000;
  }

  template <class Pieces>
  static auto values(Pieces piece) {
    return piece.bytes([](unsigned n) { return 4 + 16 * n; }) ^ 0x80;
  }

  template <class Blocks>
  static auto scale(Blocks block) {
    return block.single(0);
  }
};

}  // namespace

QUIPU_QUANT_PLUGIN("0.1.0", "Apache-2.0", Q8_K);
