// Quantisers (tier T1): from floats to the blocks of a format. A format says
//
//   static constexpr bool quantizes = true;
//
// in its class (see kernel.h), with
//
//   static constexpr bool needs_importance = true;
//
// where it cannot do without, and beside its kernel file lies quantize.cpp, listed under SOURCES
// of quipu_add_plugin and not under KERNELS, with
//
//   void quantize(const quipu::sdk::Weights& weights, std::uint8_t* block);
//
// in an unnamed namespace and QUIPU_QUANTIZER(Format, quantize) at the end. It writes every byte of
// one block. Rows, columns and numbers are checked before it is called, and scales afterwards.
#pragma once

#include <cstdint>
#include <cstring>

#include "quipu/sdk/half.h"

namespace quipu::sdk {

/// What becomes one block. All numbers are finite.
struct Weights {
  const float* x;           ///< [block_columns]
  const float* importance;  ///< [block_columns], not negative: how much an error counts; or NULL
  float mean_square;        ///< of the whole row; 0 where importance is NULL
};

inline void put_half(float value, std::uint8_t* out) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(out, &half, sizeof half);
}

/// The value as it is read again.
inline float as_half(float value) {
  return half_to_float(float_to_half(value));
}

}  // namespace quipu::sdk

#define QUIPU_QUANTIZER(FORMAT, FUNCTION)                                                          \
  namespace quipu::sdk {                                                                           \
  void FORMAT##_quantize(const Weights& weights, std::uint8_t* block) {                            \
    FUNCTION(weights, block);                                                                      \
  }                                                                                                \
  }                                                                                                \
  static_assert(true)
