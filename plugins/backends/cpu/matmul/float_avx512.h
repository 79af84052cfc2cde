// Vectors of floats with AVX-512. For float_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/float_kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t float_tokens = 6;  // 24 sums, six activations and a weight in registers
using Vector = __m512;

static inline Vector none() {
  return _mm512_setzero_ps();
}

// The sums of four vectors, added to y where it continues.
static inline void store_sums(Vector a, Vector b, Vector c, Vector d, bool continues, float* y) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
  const __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
  const __m512 all = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
  const __m128 sums = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  _mm_storeu_ps(y, continues ? _mm_add_ps(_mm_loadu_ps(y), sums) : sums);
}

struct Floats {
  using Numbers = __m512;
  static constexpr uint32_t lanes = 16, w_bytes = 64, x_bytes = 64;
  static inline Numbers load(const uint8_t* p) { return _mm512_loadu_ps(p); }
  static inline Numbers load_some(const uint8_t* p, uint32_t count) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p);
  }
  static inline Numbers weights(const uint8_t* p) { return load(p); }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return load_some(p, count);
  }
  static inline Vector multiply_add(Numbers a, Numbers b, Vector c) {
    return _mm512_fmadd_ps(a, b, c);
  }
};

static inline __m256i load_some_halves(const uint8_t* p, uint32_t count) {
  return _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << count) - 1), p);
}

struct Halves : Floats {
  static constexpr uint32_t w_bytes = 32;
  static inline Numbers weights(const uint8_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return _mm512_cvtph_ps(load_some_halves(p, count));
  }
};

struct Bfloats : Floats {
  static constexpr uint32_t w_bytes = 32;
  static inline Numbers from(__m256i upper) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(upper), 16));
  }
  static inline Numbers weights(const uint8_t* p) {
    return from(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return from(load_some_halves(p, count));
  }
};

// Not a level of its own: few lines of it, for processors that have it.
#define QUIPU_CPU_ROUNDED
#pragma GCC push_options
#pragma GCC target("avx512bf16")
// Bfloats, in pairs of columns.
struct Rounded {
  using Numbers = __m512i;
  static constexpr uint32_t lanes = 32, w_bytes = 64, x_bytes = 64;
  static inline Numbers load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static inline Numbers load_some(const uint8_t* p, uint32_t count) {
    return _mm512_maskz_loadu_epi16((1u << count) - 1, p);
  }
  static inline Numbers weights(const uint8_t* p) { return load(p); }
  static inline Numbers some_weights(const uint8_t* p, uint32_t count) {
    return load_some(p, count);
  }
  static inline Vector multiply_add(Numbers a, Numbers b, Vector c) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

static inline void round(const float* x, uint32_t count, uint16_t* out) {
  for (uint32_t j = 0; j < count; j += Rounded::lanes) {
    const auto load = [&](uint32_t first) __attribute__((always_inline)) {
      const uint32_t rest = count > first ? count - first : 0;
      return _mm512_maskz_loadu_ps(static_cast<__mmask16>(rest < 16 ? (1u << rest) - 1 : 0xffff),
                                   x + first);
    };
    const uint32_t rest = count - j;
    const __m512i both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(load(j + 16), load(j)));
    _mm512_mask_storeu_epi16(out + j, rest < 32 ? (1u << rest) - 1 : 0xffffffffu, both);
  }
}
#pragma GCC pop_options

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
