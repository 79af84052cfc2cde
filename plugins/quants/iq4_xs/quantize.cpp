// Quantiser of IQ4_XS. Definition: quantize_row_iq4_nl_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/importance.h"
#include "../shared/iq4_search.h"
#include "../shared/pack.h"
#include "../shared/peak.h"
#include "../shared/rounding.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  float sum = 0, weight[256];
  for (int i = 0; i < 256; ++i) sum += weights.x[i] * weights.x[i];
  if (weights.importance)
    weigh(weights.x, weights.importance, sum * (2.0f / 256), 256, weight);
  else
    for (int i = 0; i < 256; ++i) weight[i] = weights.x[i] * weights.x[i];
  Lanes<8> x[32], w[32];
  load_groups(weights.x, x);
  load_groups(weight, w);
  const auto found = search_iq4(x, w);

  float scales[8];
  for (int g = 0; g < 8; ++g) scales[g] = found[g];
  const float scale = -peak(scales, 8) / 32, inverse = inverse_of(scale);
  quipu::sdk::put_half(scale, block);
  unsigned high = 0;
  std::uint8_t low[8];
  for (int g = 0; g < 8; ++g) {
    const float s = bounded(nearest(inverse * scales[g]), -32, 31);
    const float group_inverse = inverse_of(scale * s);
    std::uint8_t q[32];
    for (int i = 0; i < 32; ++i) q[i] = nearest_iq4_code(group_inverse * weights.x[32 * g + i]);
    pack_nibbles(q, 16, block + 8 + 16 * g);
    const auto stored = static_cast<unsigned>(s + 32);
    low[g] = stored & 15;
    high |= stored >> 4 << (2 * g);
  }
  block[2] = static_cast<std::uint8_t>(high);
  block[3] = static_cast<std::uint8_t>(high >> 8);
  for (int i = 0; i < 4; ++i)
    block[4 + i] = static_cast<std::uint8_t>(low[2 * i] | low[2 * i + 1] << 4);
}

}  // namespace

QUIPU_QUANTIZER(IQ4_XS, quantize);
