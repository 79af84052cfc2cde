// Quantiser of Q5_K.
#include "../shared/pack.h"
#include "../shared/pack_six_bit.h"

namespace {

constexpr OffsetFormat format{31, 63, {-0.5f, 0.1f, 15}, Error::square, true, 2};

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* out) noexcept {
  const auto block = quantize_offset_block<8>(weights, format);
  pack_six_bit(block, out);
  for (int i = 0; i < 32; ++i) {
    unsigned high = 0;
    for (int g = 0; g < 8; ++g) high |= (block.q[32 * g + i] >> 4 & 1u) << g;
    out[16 + i] = static_cast<std::uint8_t>(high);
  }
  for (int i = 0; i < 4; ++i) pack_nibbles(block.q + 64 * i, 32, out + 48 + 32 * i);
}

}  // namespace

QUIPU_QUANTIZER(Q5_K, quantize);
