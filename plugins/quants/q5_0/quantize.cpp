// Quantiser of Q5_0.
#include "../shared/pack.h"
#include "../shared/small_symmetric.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  std::uint8_t q[32];
  quipu::sdk::put_half(quantize_symmetric(weights, 16, q), block);
  pack_bits(q, 4, block + 2);
  pack_nibbles(q, 16, block + 6);
}

}  // namespace

QUIPU_QUANTIZER(Q5_0, quantize);
