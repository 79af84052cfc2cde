// Quantiser of MXFP4: the power of two puts the largest magnitude between 4 and 8, of which 6 is
// the largest level. Definition: quantize_row_mxfp4_ref of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/e2m1_nearest.h"
#include "../shared/pack.h"
#include "../shared/peak.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  const float largest = largest_magnitude(weights.x, 32);
  const int power =
      largest > 0 ? std::max(static_cast<int>(std::floor(std::log2(largest))) + 125, 0) : 0;
  block[0] = static_cast<std::uint8_t>(power);
  const float half = std::ldexp(1.0f, power - 128);
  std::uint8_t q[32];
  nearest_e2m1(weights.x, half, q);
  pack_nibbles(q, 16, block + 1);
}

}  // namespace

QUIPU_QUANTIZER(MXFP4, quantize);
