// Quantiser of IQ4_NL: a search where importance is known; else the weight of largest magnitude
// goes to the first level, and the scale is that of least square error. Definition:
// quantize_row_iq4_nl_ref and quantize_row_iq4_nl_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/importance.h"
#include "../shared/iq4_search.h"
#include "../shared/pack.h"
#include "../shared/peak.h"

namespace {

float search(const quipu::sdk::Weights& weights, std::uint8_t (&q)[32]) {
  float sum = 0, weight[32];
  for (int i = 0; i < 32; ++i) sum += weights.x[i] * weights.x[i];
  weigh(weights.x, weights.importance, sum * (2.0f / 32), 32, weight);
  Lanes<1> x[32], w[32];
  load_groups(weights.x, x);
  load_groups(weight, w);
  const float scale = search_iq4(x, w)[0], inverse = inverse_of(scale);
  for (int i = 0; i < 32; ++i) q[i] = nearest_iq4_code(inverse * weights.x[i]);
  return scale;
}

float fit(const float* x, std::uint8_t (&q)[32]) {
  const float highest = peak(x, 32);
  const bool vanishes = std::abs(highest) < smallest_magnitude;
  const float inverse = vanishes ? 0 : 1 / (highest / iq4_level(0));
  float sum_xq = 0, sum_qq = 0;
  for (int i = 0; i < 32; ++i) {
    q[i] = nearest_iq4_code(inverse * x[i]);
    const float level = iq4_level(q[i]), w = x[i] * x[i];
    sum_xq += w * level * x[i];
    sum_qq += w * level * level;
  }
  return !vanishes && sum_qq > 0 ? sum_xq / sum_qq : 0;
}

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  std::uint8_t q[32];
  quipu::sdk::put_half(weights.importance ? search(weights, q) : fit(weights.x, q), block);
  pack_nibbles(q, 16, block + 2);
}

}  // namespace

QUIPU_QUANTIZER(IQ4_NL, quantize);
