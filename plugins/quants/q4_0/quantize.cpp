// Quantiser of Q4_0.
#include "../shared/pack.h"
#include "../shared/small_symmetric.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  std::uint8_t q[32];
  quipu::sdk::put_half(quantize_symmetric(weights, 8, q), block);
  pack_nibbles(q, 16, block + 2);
}

}  // namespace

QUIPU_QUANTIZER(Q4_0, quantize);
