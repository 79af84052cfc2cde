// Quantiser of Q8_1: Q8_0's, and the sum of what the integers stand for. Definition:
// quantize_row_q8_1_ref of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/peak.h"
#include "../shared/rounding.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  const float scale = largest_magnitude(weights.x, 32) / 127;
  const float inverse = inverse_of(scale);
  int sum = 0;
  for (int i = 0; i < 32; ++i) {
    const int q = rounded(weights.x[i] * inverse, -127, 127);
    block[4 + i] = static_cast<std::uint8_t>(q);
    sum += q;
  }
  quipu::sdk::put_half(scale, block);
  quipu::sdk::put_half(static_cast<float>(sum) * scale, block + 2);
}

}  // namespace

QUIPU_QUANTIZER(Q8_1, quantize);
