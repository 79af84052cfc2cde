// Quantiser of Q5_1.
#include "../shared/pack.h"
#include "../shared/small_offset.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  std::uint8_t q[32];
  const auto [scale, minimum] = quantize_offset(weights, 31, q);
  quipu::sdk::put_half(scale, block);
  quipu::sdk::put_half(minimum, block + 2);
  pack_bits(q, 4, block + 4);
  pack_nibbles(q, 16, block + 8);
}

}  // namespace

QUIPU_QUANTIZER(Q5_1, quantize);
