// Quantiser of Q6_K. Definition: quantize_row_q6_K_ref and quantize_row_q6_K_impl of ggml.
#include "../shared/pack.h"
#include "../shared/peak.h"
#include "../shared/rounding.h"
#include "../shared/symmetric_block.h"

namespace {

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  Lanes<16> x[16], weight[16], integers[16];
  load_groups(weights.x, x);
  if (weights.importance)
    load_groups(weights.importance, weight);
  else
    for (int c = 0; c < 16; ++c) weight[c] = x[c] * x[c];
  const auto found = search_symmetric(x, weight, 32, integers);

  float scales[16];
  for (int g = 0; g < 16; ++g) scales[g] = found[g];
  const float largest = peak(scales, 16);
  if (std::abs(largest) < smallest_magnitude) {
    std::memset(block, 0, 210);
    return;
  }
  const float inverse = -128 / largest, scale = 1 / inverse;
  Lanes<16> stored;
  for (int g = 0; g < 16; ++g) {
    const float s = bounded(nearest(inverse * scales[g]), -128, 127);
    block[192 + g] = static_cast<std::uint8_t>(static_cast<int>(s));
    stored.set(g, quipu::sdk::as_half(scale) * s);
  }
  fit_to_scales(x, stored, 32, integers);

  std::uint8_t q[256];
  store_groups(integers, q);
  for (int half = 0; half < 2; ++half) {
    pack_nibbles(q + 128 * half, 64, block + 64 * half);
    pack_quarters(q + 128 * half, 4, block + 128 + 32 * half);
  }
  quipu::sdk::put_half(scale, block + 208);
}

}  // namespace

QUIPU_QUANTIZER(Q6_K, quantize);
