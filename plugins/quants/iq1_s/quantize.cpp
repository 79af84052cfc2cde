// Quantiser of IQ1_S. Definition: quantize_row_iq1_s_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/importance.h"
#include "../shared/iq1_search.h"
#include "../shared/peak.h"

namespace {

using Numbers = Lanes<8>;

/// Sums over the first 0 to 32 columns in their order.
struct Sums {
  Numbers wx[33], w[33];
};

Sums sums_of(const float* x, const float* weight, const std::uint8_t (&order)[8][32]) {
  float wx[256], w[256];
  for (int g = 0; g < 8; ++g)
    for (int j = 0; j < 32; ++j) {
      const int from = 32 * g + order[g][j];
      wx[32 * g + j] = weight[from] * x[from];
      w[32 * g + j] = weight[from];
    }
  Sums sums;
  running_sums(wx, sums.wx);
  running_sums(w, sums.w);
  return sums;
}

BestSplit<8> search(const Sums& sums) {
  BestSplit<8> best;
  for (int first = 0; first <= 32; ++first)
    for (int second = first; second <= 32; ++second) {
      const auto wx = sums.wx[second] - sums.wx[first], w = sums.w[second] - sums.w[first];
      for (int down = 0; down < 2; ++down) {
        const auto& q = shifted_levels[down];
        best.offer(sums.wx[first] * q[0] + wx * q[1] + (sums.wx[32] - sums.wx[second]) * q[2],
                   sums.w[first] * q[0] * q[0] + w * q[1] * q[1] +
                       (sums.w[32] - sums.w[second]) * q[2] * q[2],
                   (33 * first + second) * 2 + down);
      }
    }
  return best;
}

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  float weight[256];
  weigh(weights.x, weights.importance, 2 * sum_of_squares(weights.x) / 256, 256, weight);
  Numbers x[32];
  load_groups(weights.x, x);
  std::uint8_t order[8][32];
  sort_columns(x, order);
  const auto best = search(sums_of(weights.x, weight, order));

  Iq1Group<32> groups[8];
  float scales[8];
  for (int g = 0; g < 8; ++g) {
    const int number = static_cast<int>(best.number[g]);
    if (number >= 0 && !(largest_magnitude(weights.x + 32 * g, 32) < 1e-12f)) {
      groups[g].scale = best.scale[g];
      for (auto& down : groups[g].down) down = number % 2;
      groups[g].split(weights.x + 32 * g, weight + 32 * g, order[g], number / 2 / 33,
                      number / 2 % 33);
    }
    scales[g] = groups[g].scale;
  }

  std::uint8_t code[8];
  const float scale = code_scales(scales, 8, 7, code);
  quipu::sdk::put_half(scale * 1.125f, block);
  for (int g = 0; g < 8; ++g) {
    unsigned word = scale == 0 ? 0u : code[g] << 12 | groups[g].down[0] << 15;
    for (int k = 0; k < 4; ++k) {
      block[2 + 4 * g + k] = static_cast<std::uint8_t>(groups[g].entry[k]);
      word |= groups[g].entry[k] >> 8 << (3 * k);
    }
    std::memcpy(block + 34 + 2 * g, &word, 2);
  }
}

}  // namespace

QUIPU_QUANTIZER(IQ1_S, quantize);
