// Vectors of floats of the instruction set that a kernel file is compiled for: 16 lanes with
// AVX-512, 8 with AVX2. For kernel files only: everything is in an unnamed namespace.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace {

using quipu::sdk::each;

#if defined(QUIPU_KERNEL_AVX512)
using Vector = __m512;
constexpr std::uint32_t lanes = 16;
inline Vector load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline Vector load(const std::uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Vector load(const std::int8_t* p) {
  return _mm512_cvtepi32_ps(
      _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline void store(float* p, Vector v) {
  _mm512_storeu_ps(p, v);
}
inline void store(std::uint16_t* p, Vector v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_CUR_DIRECTION));
}
inline Vector all(float x) {
  return _mm512_set1_ps(x);
}
inline Vector add(Vector a, Vector b) {
  return _mm512_add_ps(a, b);
}
inline Vector subtract(Vector a, Vector b) {
  return _mm512_sub_ps(a, b);
}
inline Vector multiply(Vector a, Vector b) {
  return _mm512_mul_ps(a, b);
}
inline Vector divide(Vector a, Vector b) {
  return _mm512_div_ps(a, b);
}
inline Vector fused(Vector a, Vector b, Vector c) {
  return _mm512_fmadd_ps(a, b, c);
}
inline Vector largest(Vector a, Vector b) {
  return _mm512_max_ps(a, b);
}
inline Vector smallest(Vector a, Vector b) {
  return _mm512_min_ps(a, b);
}
inline Vector rounded(Vector a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// p * 2^n
inline Vector scaled(Vector p, Vector n) {
  return _mm512_scalef_ps(p, n);
}
inline Vector absolute(Vector a) {
  return _mm512_abs_ps(a);
}
inline Vector select(std::uint32_t bits, Vector yes, Vector no) {
  return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), no, yes);
}
inline bool any_above(Vector a, Vector b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0;
}
inline float total(Vector v) {
  return _mm512_reduce_add_ps(v);
}
inline float maximum_of(Vector v) {
  return _mm512_reduce_max_ps(v);
}
inline Vector counting() {
  return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
// Bytes j of sixteen words, less 128.
inline Vector byte_of(const std::uint8_t* words, int j) {
  const __m512i x = _mm512_srli_epi32(_mm512_loadu_si512(words), static_cast<unsigned>(8 * j));
  return _mm512_cvtepi32_ps(
      _mm512_sub_epi32(_mm512_and_si512(x, _mm512_set1_epi32(255)), _mm512_set1_epi32(128)));
}
#else
using Vector = __m256;
constexpr std::uint32_t lanes = 8;
inline Vector load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline Vector load(const std::uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline Vector load(const std::int8_t* p) {
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
}
inline void store(float* p, Vector v) {
  _mm256_storeu_ps(p, v);
}
inline void store(std::uint16_t* p, Vector v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_CUR_DIRECTION));
}
inline Vector all(float x) {
  return _mm256_set1_ps(x);
}
inline Vector add(Vector a, Vector b) {
  return _mm256_add_ps(a, b);
}
inline Vector subtract(Vector a, Vector b) {
  return _mm256_sub_ps(a, b);
}
inline Vector multiply(Vector a, Vector b) {
  return _mm256_mul_ps(a, b);
}
inline Vector divide(Vector a, Vector b) {
  return _mm256_div_ps(a, b);
}
inline Vector fused(Vector a, Vector b, Vector c) {
  return _mm256_fmadd_ps(a, b, c);
}
inline Vector largest(Vector a, Vector b) {
  return _mm256_max_ps(a, b);
}
inline Vector smallest(Vector a, Vector b) {
  return _mm256_min_ps(a, b);
}
inline Vector rounded(Vector a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline Vector scaled(Vector p, Vector n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
}
inline Vector absolute(Vector a) {
  return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
inline Vector select(std::uint32_t bits, Vector yes, Vector no) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i set =
      _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), bit), bit);
  return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(set));
}
inline bool any_above(Vector a, Vector b) {
  return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
}
inline float total(Vector v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
inline float maximum_of(Vector v) {
  __m128 x = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_max_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
inline Vector counting() {
  return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
}
inline Vector byte_of(const std::uint8_t* words, int j) {
  const __m256i x =
      _mm256_srli_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words)), 8 * j);
  return _mm256_cvtepi32_ps(
      _mm256_sub_epi32(_mm256_and_si256(x, _mm256_set1_epi32(255)), _mm256_set1_epi32(128)));
}
#endif

// e^x for x <= 0: x = n ln 2 + r, |r| <= ln 2 / 2, and for e^r the polynomial of degree 5 whose
// greatest error there is least, 9e-8 of the result, among those that are 1 at 0. Evaluated in
// floats it is 2e-7, as much as Taylor's of degree 6. Smaller x than -87 give e^-87, which callers
// mask.
// The steps of Count vectors are taken together, which keeps all units busy.
template <int Count>
QUIPU_IN_LINE inline void exponential(Vector (&x)[Count]) {
  Vector n[Count], p[Count];
  each<Count>([&](auto i) QUIPU_IN_LINE { x[i] = largest(x[i], all(-87.0f)); });
  each<Count>([&](auto i) QUIPU_IN_LINE { n[i] = rounded(multiply(x[i], all(1.44269504f))); });
  each<Count>([&](auto i) QUIPU_IN_LINE { x[i] = fused(n[i], all(-0.693147181f), x[i]); });
  each<Count>([&](auto i)
                  QUIPU_IN_LINE { p[i] = fused(all(0.008290306f), x[i], all(0.041897975f)); });
  each<Count>([&](auto i) QUIPU_IN_LINE { p[i] = fused(p[i], x[i], all(0.16667637f)); });
  each<Count>([&](auto i) QUIPU_IN_LINE { p[i] = fused(p[i], x[i], all(0.4999915f)); });
  each<Count>([&](auto i) QUIPU_IN_LINE { p[i] = fused(p[i], x[i], all(0.9999997f)); });
  each<Count>([&](auto i) QUIPU_IN_LINE { p[i] = fused(p[i], x[i], all(1.0f)); });
  each<Count>([&](auto i) QUIPU_IN_LINE { x[i] = scaled(p[i], n[i]); });
}

inline Vector exponential(Vector x) {
  Vector one[] = {x};
  exponential(one);
  return one[0];
}

inline float exponential(float x) {
  float out[lanes];
  store(out, exponential(all(x)));
  return x < -87.0f ? 0.0f : out[0];
}

// tanh by e^-2|x|, with the sign put back by the caller's product.
inline Vector hyperbolic_tangent(Vector x) {
  const Vector e = exponential(multiply(all(-2.0f), absolute(x)));
  const Vector size = divide(subtract(all(1.0f), e), add(all(1.0f), e));
  return multiply(size, largest(all(-1.0f), smallest(all(1.0f), multiply(x, all(1e30f)))));
}

}  // namespace
}  // namespace quipu_cpu
