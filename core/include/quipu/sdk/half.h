// Half-precision (IEEE binary16) and bfloat16 numbers as floats, in plain arithmetic: exact for
// every value, subnormals, infinities and NaNs (quiet afterwards, as processors have it) included.
// Kernel files may include it: it emits no shared code.
#pragma once

#include <stdint.h>
#include <string.h>

namespace quipu::sdk {

/// How a format of floats stores a number.
struct Single {
  static constexpr uint32_t bytes = 4;
};
struct Half {
  static constexpr uint32_t bytes = 2;
};
struct Bfloat {
  static constexpr uint32_t bytes = 2;
};

__attribute__((always_inline)) static inline float float_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

__attribute__((always_inline)) static inline float half_to_float(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000u) << 16;
  const uint32_t rest = half & 0x7fffu;
  // A subnormal half is rest * 2^-24; any other has its exponent moved from bias 15 to 127.
  const float small = float(int32_t(rest)) * 0x1p-24f;
  uint32_t small_bits;
  memcpy(&small_bits, &small, sizeof small_bits);
  const uint32_t large_bits = (rest << 13) + (rest < 0x7c00u ? 112u << 23 : 224u << 23);
  const uint32_t quiet = rest > 0x7c00u ? 1u << 22 : 0;
  return float_from_bits(sign | ((rest < 0x400u ? small_bits : large_bits) | quiet));
}

__attribute__((always_inline)) static inline float bfloat_to_float(uint16_t bfloat) {
  return float_from_bits(uint32_t(bfloat) << 16);
}

}  // namespace quipu::sdk
