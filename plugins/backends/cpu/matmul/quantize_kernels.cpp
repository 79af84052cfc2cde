// Quantises activations: int8 with a scale per 32 columns.
#include "matmul/kernels.h"

#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)
#include <immintrin.h>
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept;

// Sizes are compared as bits without the sign, in which NaN is above infinity and that above every
// number.
constexpr int32_t no_sign = 0x7FFFFFFF, infinite = 0x7F800000;

// Below this size 127 / x is infinite; such blocks count as zeros.
constexpr float smallest = 1e-36f;

static inline float number(int32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// What follows from the two halves' sums, in one place so that every instruction set rounds alike.
static inline void finish(const QuantizedColumns& out, uint32_t block, float scale, int32_t first,
                          int32_t second) {
  out.scale[block] = scale;
  out.total16[2 * block] = first;
  out.total16[2 * block + 1] = second;
  out.total32[block] = first + second;
  out.sum16[2 * block] = scale * static_cast<float>(first);
  out.sum16[2 * block + 1] = scale * static_cast<float>(second);
  out.sum32[block] = scale * static_cast<float>(first + second);
}

// A block without a scale: NaN where something is not finite, so that every product shows it, or
// all zeros. True when the block was one.
static inline bool finish_special(const QuantizedColumns& out, uint32_t block, int32_t largest) {
  if (number(largest) >= smallest && largest < infinite) return false;
  __builtin_memset(out.q + 32 * block, 0, 32);
  finish(out, block, largest < infinite ? 0.0f : __builtin_nanf(""), 0, 0);
  return true;
}

#if defined(QUIPU_KERNEL_AVX512)

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  for (uint32_t block = 0; block < count / 32; ++block, x += 32) {
    const __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    const int32_t largest = _mm512_reduce_max_epi32(_mm512_max_epi32(
        _mm512_castps_si512(_mm512_abs_ps(a)), _mm512_castps_si512(_mm512_abs_ps(b))));
    if (finish_special(out, block, largest)) continue;
    const __m512 inverse = _mm512_set1_ps(127.0f / number(largest));
    const __m512i p = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse)),
                  q = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));
    auto* to = reinterpret_cast<__m128i*>(out.q + 32 * block);
    _mm_storeu_si128(to, _mm512_cvtsepi32_epi8(p));
    _mm_storeu_si128(to + 1, _mm512_cvtsepi32_epi8(q));
    finish(out, block, number(largest) / 127.0f, _mm512_reduce_add_epi32(p),
           _mm512_reduce_add_epi32(q));
  }
}

#elif defined(QUIPU_KERNEL_AVX2)

static inline int32_t sum8(__m256i v) {
  __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32(x, 0xB1)));
}

static inline int32_t largest8(__m256i v) {
  __m128i x = _mm_max_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  x = _mm_max_epi32(x, _mm_shuffle_epi32(x, 0x4E));
  return _mm_cvtsi128_si32(_mm_max_epi32(x, _mm_shuffle_epi32(x, 0xB1)));
}

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  for (uint32_t block = 0; block < count / 32; ++block, x += 32) {
    __m256 v[4];
    __m256i top = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_loadu_ps(x + 8 * i);
      top = _mm256_max_epi32(
          top, _mm256_and_si256(_mm256_castps_si256(v[i]), _mm256_set1_epi32(no_sign)));
    }
    const int32_t largest = largest8(top);
    if (finish_special(out, block, largest)) continue;
    const __m256 inverse = _mm256_set1_ps(127.0f / number(largest));
    __m256i q[4];
    for (int i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
    // Packing works within 128-bit lanes; the permutation puts groups of four back in order.
    const __m256i packed =
        _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.q + 32 * block),
                        _mm256_permutevar8x32_epi32(packed, order));
    finish(out, block, number(largest) / 127.0f, sum8(_mm256_add_epi32(q[0], q[1])),
           sum8(_mm256_add_epi32(q[2], q[3])));
  }
}

#else

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  for (uint32_t block = 0; block < count / 32; ++block, x += 32) {
    int32_t largest = 0;
    for (int i = 0; i < 32; ++i) {
      int32_t bits;
      __builtin_memcpy(&bits, x + i, sizeof bits);
      bits &= no_sign;
      if (bits > largest) largest = bits;
    }
    if (finish_special(out, block, largest)) continue;
    const float inverse = 127.0f / number(largest);
    int32_t total[2] = {0, 0};
    for (int i = 0; i < 32; ++i) {
      // The sum with 1.5 * 2^23 rounds to the nearest integer, ties to even, as the vector
      // instructions do.
      const float shifted = x[i] * inverse + 12582912.0f;
      const auto q = static_cast<int32_t>(shifted - 12582912.0f);
      out.q[32 * block + i] = static_cast<int8_t>(q);
      total[i / 16] += q;
    }
    finish(out, block, number(largest) / 127.0f, total[0], total[1]);
  }
}

#endif

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
