// Quantiser of TQ1_0: the largest magnitude is the scale. Definition: quantize_row_tq1_0_ref of
// ggml.
#include "../shared/ternary.h"

namespace {

/// The byte whose first digits are q[0], q[stride] …, the others 0: the least of the fractions of
/// 256 that have these digits.
std::uint8_t byte_of(const std::uint8_t* q, int stride, int digits) {
  unsigned number = 0;
  for (int i = 0; i < 5; ++i) number = 3 * number + (i < digits ? q[i * stride] : 0u);
  return static_cast<std::uint8_t>((number * 256 + 242) / 243);
}

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block) noexcept {
  std::uint8_t q[256];
  quipu::sdk::put_half(quantize_ternary(weights.x, q), block + 52);
  for (int i = 0; i < 32; ++i) block[i] = byte_of(q + i, 32, 5);
  for (int i = 0; i < 16; ++i) block[32 + i] = byte_of(q + 160 + i, 16, 5);
  for (int i = 0; i < 4; ++i) block[48 + i] = byte_of(q + 240 + i, 4, 4);
}

}  // namespace

QUIPU_QUANTIZER(TQ1_0, quantize);
