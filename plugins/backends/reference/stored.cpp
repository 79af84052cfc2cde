#include "stored.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quipu/abi/backend.h"

namespace quipu_reference {
namespace {

// To the nearest half-precision number, ties to even: 11 significant bits, none finer than 2^-24.
float round_half(float x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  const float unit = std::ldexp(1.0f, std::max(exponent - 11, -24));
  const float rounded = std::nearbyint(x / unit) * unit;
  constexpr float largest = 65504;
  return std::abs(rounded) <= largest || !std::isfinite(x)
             ? rounded
             : std::copysign(std::numeric_limits<float>::infinity(), x);
}

// 32 numbers share a half-precision scale, each is one of 255 multiples of it.
void round_q8_0(float* x, std::size_t count) {
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(x[i]));
  const float scale = largest / 127;
  for (std::size_t i = 0; i < count; ++i)
    x[i] = scale == 0 ? 0 : round_half(scale) * std::round(x[i] / scale);
}

}  // namespace

void round_stored(std::uint32_t kv_type, float* x, std::size_t count) {
  if (kv_type == QUIPU_KV_F16)
    for (std::size_t i = 0; i < count; ++i) x[i] = round_half(x[i]);
  if (kv_type == QUIPU_KV_Q8_0)
    for (std::size_t i = 0; i < count; i += 32)
      round_q8_0(x + i, std::min<std::size_t>(32, count - i));
}

}  // namespace quipu_reference
