// The part of the vocabulary of kernel.h that AVX2 and AVX-512 share.
#pragma once

// GCC 12 reports the deliberately undefined operands inside its own header.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "quipu/abi/codec.h"
#include "quipu/sdk/half.h"
#include "quipu/sdk/kernel_words.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

QUIPU_INLINE void prefetch(const uint8_t* address) {
  _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0);
}

QUIPU_INLINE __m128i load16(const uint8_t* address) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(address));
}
QUIPU_INLINE __m256i load32(const uint8_t* address) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(address));
}

QUIPU_INLINE float load_half(const void* address) {
  uint16_t half;
  memcpy(&half, address, sizeof half);
  return _cvtsh_ss(half);
}

QUIPU_INLINE TwoFloats load_halves(const uint8_t* address) {
  const __m128 floats = _mm_cvtph_ps(_mm_cvtsi32_si128(load_word<int>(address)));
  return {_mm_cvtss_f32(floats), _mm_cvtss_f32(_mm_movehdup_ps(floats))};
}

QUIPU_INLINE void store(uint8_t* address, Sixteen bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(address),
                   _mm_set_epi64x(int64_t(bytes.high), int64_t(bytes.low)));
}

QUIPU_INLINE __m256i join_words(Sixteen a, Sixteen b) {
  return _mm256_setr_epi64x(int64_t(a.low), int64_t(a.high), int64_t(b.low), int64_t(b.high));
}

/// One number for each of N groups.
template <int N>
struct Floats;
template <>
struct Floats<8> {
  __m256 v;
};

QUIPU_INLINE void from_bytes(Floats<8>& a, uint64_t bytes, uint64_t) {
  a.v = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(int64_t(bytes))));
}

QUIPU_INLINE Floats<8> operator*(float a, Floats<8> b) {
  return {_mm256_mul_ps(_mm256_set1_ps(a), b.v)};
}
QUIPU_INLINE Floats<8> operator*(Floats<8> a, Floats<8> b) {
  return {_mm256_mul_ps(a.v, b.v)};
}
QUIPU_INLINE Floats<8> multiply_add(Floats<8> a, Floats<8> b, Floats<8> c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
QUIPU_INLINE void store(float* address, Floats<8> a) {
  _mm256_storeu_ps(address, a.v);
}
QUIPU_INLINE float sum(__m128 a) {
  a = _mm_add_ps(a, _mm_movehdup_ps(a));
  return _mm_cvtss_f32(_mm_add_ss(a, _mm_movehl_ps(a, a)));
}
QUIPU_INLINE float sum(Floats<8> a) {
  return sum(_mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1)));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
