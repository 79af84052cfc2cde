// Quantises activations: int8 with a scale per 32 columns.
#include "matmul/kernels.h"

#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)
#include <immintrin.h>
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept;
float dot(const float* a, const float* b, uint32_t count) noexcept;

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

#if defined(QUIPU_KERNEL_AVX512)

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  for (uint32_t block = 0; block < count / 32; ++block, x += 32) {
    const __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
    const __m512 inverse = _mm512_set1_ps(largest > 0 ? 127.0f / largest : 0.0f);
    const __m512i p = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse)),
                  q = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));
    auto* to = reinterpret_cast<__m128i*>(out.q + 32 * block);
    _mm_storeu_si128(to, _mm512_cvtsepi32_epi8(p));
    _mm_storeu_si128(to + 1, _mm512_cvtsepi32_epi8(q));
    finish(out, block, largest / 127.0f, _mm512_reduce_add_epi32(p), _mm512_reduce_add_epi32(q));
  }
}

float dot(const float* a, const float* b, uint32_t count) noexcept {
  __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                   _mm512_setzero_ps()};
  uint32_t i = 0;
  for (; i + 64 <= count; i += 64)
    for (int j = 0; j < 4; ++j)
      sum[j] =
          _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16 * j), _mm512_loadu_ps(b + i + 16 * j), sum[j]);
  for (; i < count; i += 16) {
    const __mmask16 mask =
        count - i < 16 ? static_cast<__mmask16>((1u << (count - i)) - 1) : 0xFFFF;
    sum[0] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i),
                             sum[0]);
  }
  return _mm512_reduce_add_ps(
      _mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3])));
}

#elif defined(QUIPU_KERNEL_AVX2)

static inline int32_t sum8(__m256i v) {
  __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32(x, 0xB1)));
}

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  const __m256 no_sign = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
  for (uint32_t block = 0; block < count / 32; ++block, x += 32) {
    __m256 v[4], top = _mm256_setzero_ps();
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm256_loadu_ps(x + 8 * i);
      top = _mm256_max_ps(top, _mm256_and_ps(v[i], no_sign));
    }
    __m128 t = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    t = _mm_max_ps(t, _mm_movehl_ps(t, t));
    const float largest = _mm_cvtss_f32(_mm_max_ss(t, _mm_movehdup_ps(t)));
    const __m256 inverse = _mm256_set1_ps(largest > 0 ? 127.0f / largest : 0.0f);
    __m256i q[4];
    for (int i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
    // Packing works within 128-bit lanes; the permutation puts groups of four back in order.
    const __m256i packed =
        _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.q + 32 * block),
                        _mm256_permutevar8x32_epi32(packed, order));
    finish(out, block, largest / 127.0f, sum8(_mm256_add_epi32(q[0], q[1])),
           sum8(_mm256_add_epi32(q[2], q[3])));
  }
}

float dot(const float* a, const float* b, uint32_t count) noexcept {
  __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
                   _mm256_setzero_ps()};
  uint32_t i = 0;
  for (; i + 32 <= count; i += 32)
    for (int j = 0; j < 4; ++j)
      sum[j] =
          _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8 * j), _mm256_loadu_ps(b + i + 8 * j), sum[j]);
  const __m256 all = _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]));
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  float total = _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

#else

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  for (uint32_t block = 0; block < count / 32; ++block, x += 32) {
    float largest = 0;
    for (int i = 0; i < 32; ++i) {
      const float size = __builtin_fabsf(x[i]);
      if (size > largest) largest = size;
    }
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    int32_t total[2] = {0, 0};
    for (int i = 0; i < 32; ++i) {
      // The sum with 1.5 * 2^23 rounds to the nearest integer, ties to even, as the vector
      // instructions do.
      const float shifted = x[i] * inverse + 12582912.0f;
      const auto q = static_cast<int32_t>(shifted - 12582912.0f);
      out.q[32 * block + i] = static_cast<int8_t>(q);
      total[i / 16] += q;
    }
    finish(out, block, largest / 127.0f, total[0], total[1]);
  }
}

float dot(const float* a, const float* b, uint32_t count) noexcept {
  double sum = 0;
  for (uint32_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

#endif

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
