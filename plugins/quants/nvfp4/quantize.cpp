// Quantiser of NVFP4: scales put the largest magnitude of a group at 6, the largest level.
// Definition: quantize_row_nvfp4_ref of ggml.
#include "quipu/sdk/quantize.h"

#include "../shared/e2m1_nearest.h"
#include "../shared/pack.h"
#include "../shared/peak.h"

namespace {

/// The nearest number E4M3 without sign, ties upwards; at most 448, and never 127, its NaN.
std::uint8_t to_e4m3(float x) {
  if (x < 0x1p-6f) return static_cast<std::uint8_t>(std::min(x * 512 + 0.5f, 7.0f));
  const std::uint32_t bits = quipu::sdk::float_bits(x) + (1u << 19);
  return static_cast<std::uint8_t>(std::min((bits >> 20) - (120u << 3), 126u));
}

float half_of_e4m3(std::uint8_t x) {
  return x < 8 ? std::ldexp(static_cast<float>(x), -10)
               : std::ldexp(static_cast<float>(8 + (x & 7)), (x >> 3) - 11);
}

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  for (int g = 0; g < 4; ++g) {
    const float* x = weights.x + 16 * g;
    block[g] = to_e4m3(largest_magnitude(x, 16) / 6);
    std::uint8_t q[16];
    nearest_e2m1(x, half_of_e4m3(block[g]), q);
    pack_nibbles(q, 8, block + 4 + 8 * g);
  }
}

}  // namespace

QUIPU_QUANTIZER(NVFP4, quantize);
