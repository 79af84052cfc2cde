// Quantiser of Q1_0: the mean magnitude and the signs. Definition: quantize_row_q1_0_ref of ggml.
#include "quipu/sdk/quantize.h"

#include <cmath>

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  float sum = 0;
  for (int i = 0; i < 128; ++i) sum += std::abs(weights.x[i]);
  quipu::sdk::put_half(sum / 128, block);
  for (int byte = 0; byte < 16; ++byte) {
    unsigned signs = 0;
    for (int bit = 0; bit < 8; ++bit) signs |= (weights.x[8 * byte + bit] >= 0 ? 1u : 0u) << bit;
    block[2 + byte] = static_cast<std::uint8_t>(signs);
  }
}

}  // namespace

QUIPU_QUANTIZER(Q1_0, quantize);
