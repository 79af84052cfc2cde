// Functions of one row of floats, in one variant per instruction set. The result of a row depends
// on nothing but the row, so it is the same in every batch and for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quipu/abi/architecture.h"

namespace quipu_cpu {

struct RowKernels {
  /// y = x / sqrt(mean(x^2) + epsilon) * gain + bias; gain and bias may be null. y may be x.
  void (*rms_norm)(const float* x, std::size_t width, float epsilon, const float* gain,
                   const float* bias, float* y);
  /// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * gain + bias.
  void (*layer_norm)(const float* x, std::size_t width, float epsilon, const float* gain,
                     const float* bias, float* y);
  /// QUIPU_ACT_*, except SWIGLU_CLAMPED. y may be x.
  void (*activate)(std::uint32_t kind, const float* x, std::size_t width, float* y);
  /// activation(gate) * up. y may be gate or up.
  void (*gated)(const quipu_activation& activation, const float* gate, const float* up,
                std::size_t width, float* y);
  /// Turns pair i by the angle whose cosine and sine are given: pairs (2i, 2i + 1), or (i, i +
  /// pairs). y may be x.
  void (*rotate_adjacent)(const float* x, const float* cosine, const float* sine, std::size_t pairs,
                          float* y);
  void (*rotate_halves)(const float* x, const float* cosine, const float* sine, std::size_t pairs,
                        float* y);
  void (*add)(const float* a, const float* b, std::size_t width, float* y);
  void (*add_scalar)(const float* a, float b, std::size_t width, float* y);
  void (*multiply)(const float* a, const float* b, std::size_t width, float* y);
  void (*scale)(const float* x, float factor, std::size_t width, float* y);
  void (*clamp)(const float* x, float low, float high, std::size_t width, float* y);
  /// cap * tanh(x / cap)
  void (*softcap)(const float* x, float cap, std::size_t width, float* y);
  /// y += factor * x
  void (*accumulate)(const float* x, float factor, std::size_t width, float* y);
};

/// The variant for an instruction set (QUIPU_ISA_*), or the best one below it.
const RowKernels& row_kernels(std::uint32_t isa) noexcept;

}  // namespace quipu_cpu
