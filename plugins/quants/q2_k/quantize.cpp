// Quantiser of Q2_K.
#include "../shared/offset_block.h"
#include "../shared/pack.h"

namespace {

constexpr OffsetFormat format{3, 15, {-0.5f, 0.1f, 15}, Error::absolute, false, 1};

void quantize(const quipu::sdk::Weights& weights, std::uint8_t* out) noexcept {
  const auto block = quantize_offset_block<16>(weights, format);
  for (int g = 0; g < 16; ++g) out[g] = static_cast<std::uint8_t>(block.s[g] | block.m[g] << 4);
  for (int half = 0; half < 2; ++half) pack_quarters(block.q + 128 * half, 0, out + 16 + 32 * half);
  quipu::sdk::put_half(block.scale, out + 80);
  quipu::sdk::put_half(block.lowest, out + 82);
}

}  // namespace

QUIPU_QUANTIZER(Q2_K, quantize);
