// Quantiser of Q8_0: the weight of largest magnitude becomes 127 or -127. Definition:
// quantize_row_q8_0_ref of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/peak.h"
#include "../shared/rounding.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  const float scale = largest_magnitude(weights.x, 32) / 127;
  const float inverse = inverse_of(scale);
  quipu::sdk::put_half(scale, block);
  for (int i = 0; i < 32; ++i)
    block[2 + i] = static_cast<std::uint8_t>(rounded(weights.x[i] * inverse, -127, 127));
}

}  // namespace

QUIPU_QUANTIZER(Q8_0, quantize);
