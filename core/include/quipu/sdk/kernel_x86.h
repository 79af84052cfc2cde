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

QUIPU_INLINE void store(uint8_t* address, Sixteen bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(address),
                   _mm_set_epi64x(int64_t(bytes.high), int64_t(bytes.low)));
}

QUIPU_INLINE __m256i join_words(Sixteen a, Sixteen b) {
  return _mm256_setr_epi64x(int64_t(a.low), int64_t(a.high), int64_t(b.low), int64_t(b.high));
}

/// Digits A and B, in base 3, of the fractions q / 256 of the two halves. Of a byte that is the
/// upper one of 16 bits, a product with 3^A keeps the fraction that is left, and the upper half of
/// its product with 3 is the digit.
template <int A, int B>
QUIPU_INLINE __m256i third_of(__m256i q) {
  static constexpr short powers[] = {1, 3, 9, 27, 81};
  const auto digit = [](__m256i upper) __attribute__((always_inline)) {
    if constexpr (A != 0 || B != 0)
      upper = _mm256_mullo_epi16(upper, _mm256_inserti128_si256(_mm256_set1_epi16(powers[A]),
                                                                _mm_set1_epi16(powers[B]), 1));
    return _mm256_mulhi_epu16(upper, _mm256_set1_epi16(3));
  };
  const __m256i even = digit(_mm256_slli_epi16(q, 8));
  const __m256i odd = digit(_mm256_and_si256(q, _mm256_set1_epi16(short(0xff00))));
  return _mm256_or_si256(even, _mm256_slli_epi16(odd, 8));
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
  a = _mm_add_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_add_ss(a, _mm_movehdup_ps(a)));
}
QUIPU_INLINE float sum(Floats<8> a) {
  return sum(_mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1)));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
