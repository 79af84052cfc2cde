// Quantiser of TQ2_0: the largest magnitude is the scale. Definition: quantize_row_tq2_0_ref of
// ggml.
#include "../shared/pack.h"
#include "../shared/ternary.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  std::uint8_t q[256];
  quipu::sdk::put_half(quantize_ternary(weights.x, q), block + 64);
  for (int half = 0; half < 2; ++half) pack_quarters(q + 128 * half, 0, block + 32 * half);
}

}  // namespace

QUIPU_QUANTIZER(TQ2_0, quantize);
