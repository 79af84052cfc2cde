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
template <class Word>
QUIPU_INLINE Word load_word(const uint8_t* address) {
  Word word;
  memcpy(&word, address, sizeof word);
  return word;
}

QUIPU_INLINE float load_half(const void* address) {
  uint16_t half;
  memcpy(&half, address, sizeof half);
  return _cvtsh_ss(half);
}

/// One number for each of N groups.
template <int N>
struct Floats;
template <>
struct Floats<8> {
  __m256 v;
};

QUIPU_INLINE Floats<8> floats_from_bytes(uint64_t bytes) {
  return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(int64_t(bytes))))};
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

/// 16 rows of N numbers, row by row, to N columns of 16, `stride` floats apart.
template <int N>
QUIPU_INLINE void store_columns(const Floats<N> (&rows)[16], float* out, size_t stride) {
  for (int half = 0; half < N / 8; ++half)
    for (int block = 0; block < 2; ++block) {
      __m256 r[8];
      for (int i = 0; i < 8; ++i) {
        if constexpr (N == 8)
          r[i] = rows[8 * block + i].v;
        else
          r[i] = half ? rows[8 * block + i].high() : rows[8 * block + i].low();
      }
      __m256 s[8];
      for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; ++j) {
          const __m256 low = _mm256_unpacklo_ps(r[i + j * 2], r[i + j * 2 + 1]);
          const __m256 high = _mm256_unpackhi_ps(r[i + j * 2], r[i + j * 2 + 1]);
          s[i + j * 2] = low;
          s[i + j * 2 + 1] = high;
        }
      for (int i = 0; i < 4; ++i) {
        // Column i and i + 4: rows 0-3 from s[0], s[2], rows 4-7 from s[4], s[6] (or the odd ones).
        const int odd = i / 2;
        const __m256 top = i % 2 ? _mm256_shuffle_ps(s[odd], s[2 + odd], 0xee)
                                 : _mm256_shuffle_ps(s[odd], s[2 + odd], 0x44);
        const __m256 bottom = i % 2 ? _mm256_shuffle_ps(s[4 + odd], s[6 + odd], 0xee)
                                    : _mm256_shuffle_ps(s[4 + odd], s[6 + odd], 0x44);
        float* column = out + size_t(8 * half + i) * stride + 8 * block;
        _mm256_storeu_ps(column, _mm256_permute2f128_ps(top, bottom, 0x20));
        _mm256_storeu_ps(column + 4 * stride, _mm256_permute2f128_ps(top, bottom, 0x31));
      }
    }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
