// What tiles and strips with AVX2 share. For kernel files only: everything is static.
#pragma once

#include <immintrin.h>

#include "matmul/kernels.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

static inline __m256i broadcast4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return _mm256_set1_epi32(four);
}

// Makes the compiler add in the order that is written. Else it adds integers up as a tree, which
// needs more registers than there are (1.6 times as slow).
static inline void fix(__m256i& sum) {
  asm("" : "+x"(sum));
}

// What is known of the bytes. Those above 127 are taken as signed ones, 128 less: |w - 128| *
// sign(w - 128) x.
enum class Bytes { up_to_15, up_to_31, up_to_63, up_to_127, wide };

// Pairs of products, each of at most 2 * largest * 127, that add up in 16 bits.
constexpr int pairs_of(Bytes bytes) {
  return bytes == Bytes::up_to_15   ? 8
         : bytes == Bytes::up_to_31 ? 4
         : bytes == Bytes::up_to_63 ? 2
                                    : 1;
}

// Sums of token t with eight weight rows, as far as they went.
QUIPU_IN_LINE static inline __m256 begin_sum(const TileOutput& out, int t, int row) {
  return out.continues ? _mm256_loadu_ps(out.c + t * out.c_stride + row) : _mm256_setzero_ps();
}

// The same, as far as they go now.
QUIPU_IN_LINE static inline void store_sum(const TileOutput& out, int t, int row, __m256 sum) {
  if (out.y && out.bias) sum = _mm256_add_ps(sum, _mm256_loadu_ps(out.bias + row));
  if (out.y && out.addend)
    sum = _mm256_add_ps(sum, _mm256_loadu_ps(out.addend + t * out.addend_stride + row));
  _mm256_storeu_ps((out.y ? out.y + t * out.y_stride : out.c + t * out.c_stride) + row, sum);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
