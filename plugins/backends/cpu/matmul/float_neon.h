// Vectors of floats with NEON. For float_kernels.cpp only.
#pragma once

#include <arm_neon.h>

#include "matmul/float_kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t float_tokens = 6;  // 24 sums, six activations and a weight in registers
using Vector = float32x4_t;

static inline Vector none() {
  return vdupq_n_f32(0);
}

// The sums of four vectors, added to y where it continues.
static inline void store_sums(Vector a, Vector b, Vector c, Vector d, bool continues, float* y) {
  const Vector sums = vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d));
  vst1q_f32(y, continues ? vaddq_f32(vld1q_f32(y), sums) : sums);
}

struct Floats {
  using Numbers = float32x4_t;
  static constexpr uint32_t lanes = 4, w_bytes = 16, x_bytes = 16;
  static inline Numbers load(const uint8_t* p) {
    return vld1q_f32(reinterpret_cast<const float*>(p));
  }
  static inline Numbers load_some(const uint8_t* p, uint32_t count) {
    float some[lanes] = {};
    __builtin_memcpy(some, p, count * sizeof *some);
    return vld1q_f32(some);
  }
  static inline Numbers weights(const uint8_t* p) { return load(p); }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return load_some(p, count);
  }
  static inline Vector multiply_add(Numbers a, Numbers b, Vector c) { return vfmaq_f32(c, a, b); }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
