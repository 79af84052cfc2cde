// What tiles and strips with AVX-512 share. For kernel files only: everything is static.
#pragma once

#include <immintrin.h>

#include "matmul/kernels.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

static inline __m512i broadcast4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return _mm512_set1_epi32(four);
}

// Sums of token t with 16 of the weight rows, as far as they went.
QUIPU_IN_LINE static inline __m512 begin_sums(const TileOutput& out, int t, int v) {
  return out.continues ? _mm512_loadu_ps(out.c + t * out.c_stride + 16 * v) : _mm512_setzero_ps();
}

// The same, as far as they go now.
QUIPU_IN_LINE static inline void store_sums(const TileOutput& out, int t, int v, __m512 sum) {
  if (!out.y) return _mm512_storeu_ps(out.c + t * out.c_stride + 16 * v, sum);
  if (out.bias) sum = _mm512_add_ps(sum, _mm512_loadu_ps(out.bias + 16 * v));
  if (out.addend)
    sum = _mm512_add_ps(sum, _mm512_loadu_ps(out.addend + t * out.addend_stride + 16 * v));
  _mm512_storeu_ps(out.y + t * out.y_stride + 16 * v, sum);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
