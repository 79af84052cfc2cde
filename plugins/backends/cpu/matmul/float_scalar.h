// Floats without vectors. For float_kernels.cpp only.
#pragma once

#include "matmul/float_kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t float_tokens = 3;
using Vector = float;

static inline Vector none() {
  return 0;
}

// Four sums, added to y where it continues.
static inline void store_sums(Vector a, Vector b, Vector c, Vector d, bool continues, float* y) {
  const float sums[] = {a, b, c, d};
  for (int r = 0; r < 4; ++r) y[r] = continues ? y[r] + sums[r] : sums[r];
}

struct Floats {
  using Numbers = float;
  static constexpr uint32_t lanes = 1, w_bytes = 4, x_bytes = 4;
  static inline Numbers load(const uint8_t* p) {
    float number;
    __builtin_memcpy(&number, p, sizeof number);
    return number;
  }
  static inline Numbers load_some(const uint8_t* p, uint32_t) { return load(p); }
  static inline Numbers weights(const uint8_t* p) { return load(p); }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return load_some(p, count);
  }
  static inline Vector multiply_add(Numbers a, Numbers b, Vector c) { return c + a * b; }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
