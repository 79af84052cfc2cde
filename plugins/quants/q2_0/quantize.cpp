// Quantiser of Q2_0: the largest magnitude is the scale, so of the levels -1, 0, 1 and 2 the last
// one is not used. Definition: quantize_row_q2_0_ref of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/peak.h"
#include "../shared/rounding.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  const float scale = largest_magnitude(weights.x, 64), inverse = inverse_of(scale);
  quipu::sdk::put_half(scale, block);
  for (int byte = 0; byte < 16; ++byte) {
    int four = 0;
    for (int i = 0; i < 4; ++i)
      four |= (rounded(weights.x[4 * byte + i] * inverse, -1, 2) + 1) << (2 * i);
    block[2 + byte] = static_cast<std::uint8_t>(four);
  }
}

}  // namespace

QUIPU_QUANTIZER(Q2_0, quantize);
