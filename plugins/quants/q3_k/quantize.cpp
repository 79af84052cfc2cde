// Quantiser of Q3_K. Definition: quantize_row_q3_K_ref and quantize_row_q3_K_impl of ggml.
#include "../shared/importance.h"
#include "../shared/pack.h"
#include "../shared/peak.h"
#include "../shared/rounding.h"
#include "../shared/stepwise.h"
#include "../shared/symmetric_block.h"

namespace {

struct Found {
  float scale;       // of the block
  float scales[16];  // integers from -32 to 31
  Lanes<16> integers[16];
};

/// Without importance: each integer in turn goes where it fits the scale of its group better, and
/// the scales are rounded as they are.
void search_plainly(const Lanes<16> (&x)[16], Found& found) {
  const Lanes<16> zero(0);
  Lanes<16> weight[16];
  for (int c = 0; c < 16; ++c) weight[c] = x[c] * x[c];
  const auto highest = extreme(x);
  const auto fitted = fit_stepwise(x, weight, -4 / highest, {-4, 3}, found.integers);
  const auto vanishes = magnitude(highest) < smallest_magnitude;
  const auto scale = select(vanishes, zero, fitted);
  for (auto& q : found.integers) q = select(vanishes, zero, q + 4);

  for (int g = 0; g < 16; ++g) found.scales[g] = scale[g];
  const float largest = peak(found.scales, 16);
  const float divisor = largest != 0 ? -32 / largest : 0;
  found.scale = inverse_of(divisor);
  for (auto& s : found.scales) s = largest != 0 ? bounded(nearest(divisor * s), -32, 31) : -32;
}

void search_with_importance(const quipu::sdk::Weights& weights, const Lanes<16> (&x)[16],
                            Found& found) {
  float sum = 0, weight[256];
  for (int i = 0; i < 256; ++i) sum += weights.x[i] * weights.x[i];
  weigh(weights.x, weights.importance, 2 * sum / 256, 256, weight);
  Lanes<16> w[16];
  load_groups(weight, w);
  const auto scale = search_symmetric(x, w, 4, found.integers);

  Lanes<1> scales[16], sums[16], integers[16];
  for (int g = 0; g < 16; ++g) {
    scales[g] = Lanes<1>(scale[g]);
    sums[g] = Lanes<1>(0);
    for (int c = 0; c < 16; ++c) sums[g] += Lanes<1>(w[c][g]);
  }
  found.scale = search_symmetric(scales, sums, 32, integers)[0];
  for (int g = 0; g < 16; ++g) found.scales[g] = integers[g][0] - 32;
}

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  Lanes<16> x[16];
  load_groups(weights.x, x);
  Found found;
  if (weights.importance)
    search_with_importance(weights, x, found);
  else
    search_plainly(x, found);
  Lanes<16> stored;
  for (int g = 0; g < 16; ++g) stored.set(g, quipu::sdk::as_half(found.scale) * found.scales[g]);
  fit_to_scales(x, stored, 4, found.integers);

  std::uint8_t q[256], s[16];
  store_groups(found.integers, q);
  for (int g = 0; g < 16; ++g) s[g] = static_cast<std::uint8_t>(found.scales[g] + 32);
  for (int i = 0; i < 32; ++i) {
    unsigned high = 0;
    for (int part = 0; part < 8; ++part) high |= (q[32 * part + i] >> 2 & 1u) << part;
    block[i] = static_cast<std::uint8_t>(high);
  }
  for (int half = 0; half < 2; ++half) pack_quarters(q + 128 * half, 0, block + 32 + 32 * half);
  pack_nibbles(s, 8, block + 96);
  for (int i = 0; i < 4; ++i)
    block[104 + i] = static_cast<std::uint8_t>(s[i] >> 4 | s[i + 4] >> 4 << 2 | s[i + 8] >> 4 << 4 |
                                               s[i + 12] >> 4 << 6);
  quipu::sdk::put_half(found.scale, block + 108);
}

}  // namespace

QUIPU_QUANTIZER(Q3_K, quantize);
