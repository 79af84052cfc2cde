// Vectors of floats with AVX2. For float_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/float_kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t float_tokens = 3;  // 12 sums, three activations and a weight in registers
using Vector = __m256;

static inline Vector none() {
  return _mm256_setzero_ps();
}

// The sums of four vectors, added to y where it continues.
static inline void store_sums(Vector a, Vector b, Vector c, Vector d, bool continues, float* y) {
  const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
  const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
  const __m256d low = _mm256_unpacklo_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd));
  const __m256d high = _mm256_unpackhi_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd));
  const __m256 all = _mm256_add_ps(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
  const __m128 sums = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
  _mm_storeu_ps(y, continues ? _mm_add_ps(_mm_loadu_ps(y), sums) : sums);
}

struct Floats {
  using Numbers = __m256;
  static constexpr uint32_t lanes = 8, w_bytes = 32, x_bytes = 32;
  static inline Numbers load(const uint8_t* p) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  }
  static inline Numbers load_some(const uint8_t* p, uint32_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(reinterpret_cast<const float*>(p),
                              _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane));
  }
  static inline Numbers weights(const uint8_t* p) { return load(p); }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return load_some(p, count);
  }
  static inline Vector multiply_add(Numbers a, Numbers b, Vector c) {
    return _mm256_fmadd_ps(a, b, c);
  }
};

static inline __m128i load_some_halves(const uint8_t* p, uint32_t count) {
  __m128i some = _mm_setzero_si128();
  __builtin_memcpy(&some, p, count * sizeof(uint16_t));
  return some;
}

struct Halves : Floats {
  static constexpr uint32_t w_bytes = 16;
  static inline Numbers weights(const uint8_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return _mm256_cvtph_ps(load_some_halves(p, count));
  }
};

struct Bfloats : Floats {
  static constexpr uint32_t w_bytes = 16;
  static inline Numbers from(__m128i upper) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(upper), 16));
  }
  static inline Numbers weights(const uint8_t* p) {
    return from(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return from(load_some_halves(p, count));
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
