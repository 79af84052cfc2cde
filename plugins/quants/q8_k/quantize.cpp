// Quantiser of Q8_K: the weight of largest magnitude becomes -127. Definition:
// quantize_row_q8_K_ref of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/peak.h"
#include "../shared/rounding.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  const float largest = peak(weights.x, 256);
  const float divisor = largest != 0 ? -127 / largest : 0;
  const float scale = inverse_of(divisor);
  std::memcpy(block, &scale, sizeof scale);
  for (int group = 0; group < 16; ++group) {
    std::int16_t sum = 0;
    for (int i = 16 * group; i < 16 * group + 16; ++i) {
      const auto q = static_cast<int>(bounded(nearest(divisor * weights.x[i]), -127, 127));
      block[4 + i] = static_cast<std::uint8_t>(q);
      sum = static_cast<std::int16_t>(sum + q);
    }
    std::memcpy(block + 260 + 2 * group, &sum, sizeof sum);
  }
}

}  // namespace

QUIPU_QUANTIZER(Q8_K, quantize);
