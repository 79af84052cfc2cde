// Quantiser of Q4_K.
#include "../shared/pack.h"
#include "../shared/pack_six_bit.h"

namespace {

constexpr OffsetFormat format{15, 63, {-1, 0.1f, 20}, Error::square, true, 2};

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* out) noexcept {
  const auto block = quantize_offset_block<8>(weights, format);
  pack_six_bit(block, out);
  for (int i = 0; i < 4; ++i) pack_nibbles(block.q + 64 * i, 32, out + 16 + 32 * i);
}

}  // namespace

QUIPU_QUANTIZER(Q4_K, quantize);
