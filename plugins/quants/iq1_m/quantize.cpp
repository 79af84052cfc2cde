// Quantiser of IQ1_M. Definition: quantize_row_iq1_m_impl of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/importance.h"
#include "../shared/iq1_search.h"
#include "../shared/peak.h"

namespace {

using Numbers = Lanes<16>;

/// Sums over the first 0 to 16 columns in their order, of those in either half of a group.
struct Sums {
  Numbers wx[2][17], w[2][17];
};

Sums sums_of(const float* x, const float* weight, const std::uint8_t (&order)[16][16]) {
  Sums sums;
  for (int half = 0; half < 2; ++half) {
    float wx[256], w[256];
    for (int g = 0; g < 16; ++g)
      for (int j = 0; j < 16; ++j) {
        const int from = 16 * g + order[g][j];
        const bool here = order[g][j] / 8 == half;
        wx[16 * g + j] = here ? weight[from] * x[from] : 0;
        w[16 * g + j] = here ? weight[from] : 0;
      }
    running_sums(wx, sums.wx[half]);
    running_sums(w, sums.w[half]);
  }
  return sums;
}

/// Levels are 1 apart, so the sums of a split differ from those of one run by what lies before its
/// boundaries.
BestSplit<16> search(const Sums& sums) {
  BestSplit<16> best;
  for (int first = 0; first <= 16; ++first)
    for (int second = first; second <= 16; ++second) {
      Numbers xq[2][2], qq[2][2];
      for (int half = 0; half < 2; ++half) {
        const auto *wx = sums.wx[half], *w = sums.w[half];
        const auto before = wx[first] + wx[second];
        for (int down = 0; down < 2; ++down) {
          const auto& q = shifted_levels[down];
          xq[half][down] = wx[16] * q[2] - before;
          qq[half][down] = w[16] * q[2] * q[2] + w[first] * (q[0] * q[0] - q[1] * q[1]) +
                           w[second] * (q[1] * q[1] - q[2] * q[2]);
        }
      }
      for (int shifts = 0; shifts < 4; ++shifts)
        best.offer(xq[0][shifts / 2] + xq[1][shifts % 2], qq[0][shifts / 2] + qq[1][shifts % 2],
                   (17 * first + second) * 4 + shifts);
    }
  return best;
}

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) {
  float weight[256];
  weigh_or_square(weights, 2 * sum_of_squares(weights.x) / 256, weight);
  Numbers x[16];
  load_groups(weights.x, x);
  std::uint8_t order[16][16];
  sort_columns(x, order);
  const auto best = search(sums_of(weights.x, weight, order));

  Iq1Group<16> groups[16];
  float scales[16];
  for (int g = 0; g < 16; ++g) {
    const int number = static_cast<int>(best.number[g]);
    if (number >= 0 && !(largest_magnitude(weights.x + 16 * g, 16) < 1e-7f)) {
      groups[g].scale = best.scale[g];
      groups[g].down[0] = number / 2 % 2;
      groups[g].down[1] = number % 2;
      groups[g].split(weights.x + 16 * g, weight + 16 * g, order[g], number / 4 / 17,
                      number / 4 % 17);
    }
    scales[g] = groups[g].scale;
  }

  std::uint8_t code[16];
  float scale = code_scales(scales, 16, 7, code);
  float sum_xq = 0, sum_qq = 0;
  std::uint64_t words = 0;
  for (int g = 0; g < 16; ++g) {
    const auto& group = groups[g];
    for (int k = 0; k < 2; ++k) block[2 * g + k] = static_cast<std::uint8_t>(group.entry[k]);
    unsigned upper = group.entry[0] >> 8 | group.entry[1] >> 8 << 4;
    if (scale != 0) upper |= group.down[0] << 3 | group.down[1] << 7;
    block[32 + g] = static_cast<std::uint8_t>(upper);
    words |= std::uint64_t{code[g]} << (16 * (g / 4) + 3 * (g % 4));
    group.add(weights.x + 16 * g, weight + 16 * g, static_cast<float>(2 * code[g] + 1), sum_xq,
              sum_qq);
  }
  if (scale != 0 && sum_qq > 0) scale = sum_xq / sum_qq;
  const std::uint64_t half = quipu::sdk::float_to_half(scale * 1.1125f);
  for (int i = 0; i < 4; ++i) words |= (half >> (4 * i) & 15) << (16 * i + 12);
  std::memcpy(block + 48, &words, 8);
}

}  // namespace

QUIPU_QUANTIZER(IQ1_M, quantize);
