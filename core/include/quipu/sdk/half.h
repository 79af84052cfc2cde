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

__attribute__((always_inline)) static inline uint32_t float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// The nearest half, ties to even; infinite from 65520.
__attribute__((always_inline)) static inline uint16_t float_to_half(float value) {
  const uint32_t bits = float_bits(value), rest = bits & 0x7fffffffu;
  // Adding a power of two that is 2^13 or, below the smallest normal half, 2^-24 * 2^23 times the
  // size of a last place rounds to it.
  const uint32_t power = rest & 0x7f800000u;
  const uint32_t unit = power < 113u << 23 ? 126u << 23 : power + (13u << 23);
  const uint32_t sum = float_bits(float_from_bits(rest) + float_from_bits(unit));
  const uint32_t rounded = sum - unit + (power < 113u << 23 ? 0 : (power - (113u << 23)) >> 13);
  const uint32_t half = rest >= 143u << 23 ? 0x7c00u : rounded;
  return uint16_t((bits >> 16 & 0x8000u) | (rest > 0x7f800000u ? 0x7e00u : half));
}

/// The nearest bfloat, ties to even.
__attribute__((always_inline)) static inline uint16_t float_to_bfloat(float value) {
  const uint32_t bits = float_bits(value);
  const bool is_number = (bits & 0x7fffffffu) <= 0x7f800000u;
  return uint16_t((is_number ? bits + 0x7fffu + (bits >> 16 & 1u) : bits | 1u << 22) >> 16);
}

__attribute__((always_inline)) static inline float to_stored(Single, float value) {
  return value;
}
__attribute__((always_inline)) static inline uint16_t to_stored(Half, float value) {
  return float_to_half(value);
}
__attribute__((always_inline)) static inline uint16_t to_stored(Bfloat, float value) {
  return float_to_bfloat(value);
}

}  // namespace quipu::sdk
