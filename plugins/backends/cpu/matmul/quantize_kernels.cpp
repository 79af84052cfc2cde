// Quantises activations: int8 with a scale per 32 columns.
#include "matmul/kernels.h"
#include "quipu/sdk/each.h"

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

static void quantize_block(const float* x, uint32_t block, const QuantizedColumns& out) noexcept {
  const __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
  const int32_t largest = _mm512_reduce_max_epi32(_mm512_max_epi32(
      _mm512_castps_si512(_mm512_abs_ps(a)), _mm512_castps_si512(_mm512_abs_ps(b))));
  if (finish_special(out, block, largest)) return;
  const __m512 inverse = _mm512_set1_ps(127.0f / number(largest));
  const __m256i q = _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(a, inverse)))),
      _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(b, inverse))), 1);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.q + 32 * block), q);
  // Sums of eight bytes, each 128 too large.
  const __m256i sums = _mm256_sad_epu8(
      _mm256_xor_si256(q, _mm256_set1_epi8(static_cast<char>(0x80))), _mm256_setzero_si256());
  const auto total = [](__m128i two) QUIPU_IN_LINE {
    return _mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 2) - 16 * 128;
  };
  finish(out, block, number(largest) / 127.0f, total(_mm256_castsi256_si128(sums)),
         total(_mm256_extracti128_si256(sums, 1)));
}

static inline __m512i size_of_both(const float* x) {
  return _mm512_max_epi32(_mm512_castps_si512(_mm512_abs_ps(_mm512_loadu_ps(x))),
                          _mm512_castps_si512(_mm512_abs_ps(_mm512_loadu_ps(x + 16))));
}

// The largest lane of each of four vectors.
static inline __m128i largest_of_four(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_max_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  const __m512i cd = _mm512_max_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
  const __m512i all =
      _mm512_max_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  const __m256i half =
      _mm256_max_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
  return _mm_max_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

// Two blocks of 32 as bytes in order. Packing works within 128-bit lanes.
static inline __m512i bytes_of_two(const float* x, __m512 first_inverse, __m512 second_inverse) {
  const auto half = [&](int i, __m512 inverse) QUIPU_IN_LINE {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + 16 * i), inverse));
  };
  const __m512i packed =
      _mm512_packs_epi16(_mm512_packs_epi32(half(0, first_inverse), half(1, first_inverse)),
                         _mm512_packs_epi32(half(2, second_inverse), half(3, second_inverse)));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, packed);
}

// Four blocks at a time: what is one number of a block is then a lane. False, and nothing done,
// where one of them has no scale.
static bool quantize_four(const float* x, uint32_t block, const QuantizedColumns& out) noexcept {
  const __m128i largest = largest_of_four(size_of_both(x), size_of_both(x + 32),
                                          size_of_both(x + 64), size_of_both(x + 96));
  const __m128 size = _mm_castsi128_ps(largest);
  if (_mm_movemask_ps(_mm_cmplt_ps(size, _mm_set1_ps(smallest))) |
      _mm_movemask_epi8(_mm_cmpgt_epi32(largest, _mm_set1_epi32(infinite - 1))))
    return false;
  const __m512 inverse = _mm512_castps128_ps512(_mm_div_ps(_mm_set1_ps(127.0f), size));
  const auto inverse_of = [&](int i) QUIPU_IN_LINE {
    return _mm512_permutexvar_ps(_mm512_set1_epi32(i), inverse);
  };
  const __m512i first = bytes_of_two(x, inverse_of(0), inverse_of(1)),
                second = bytes_of_two(x + 64, inverse_of(2), inverse_of(3));
  _mm512_storeu_si512(out.q + 32 * block, first);
  _mm512_storeu_si512(out.q + 32 * block + 64, second);

  // Sums of eight bytes, each 128 too large; then of sixteen, in the blocks' order.
  const __m512i flip = _mm512_set1_epi8(static_cast<char>(0x80));
  const __m512i a = _mm512_sad_epu8(_mm512_xor_si512(first, flip), _mm512_setzero_si512()),
                b = _mm512_sad_epu8(_mm512_xor_si512(second, flip), _mm512_setzero_si512());
  const __m512i pairs = _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i total16 = _mm256_sub_epi32(_mm512_cvtepi64_epi32(_mm512_permutexvar_epi64(
                                               _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), pairs)),
                                           _mm256_set1_epi32(16 * 128));
  const __m128i total32 =
      _mm256_cvtepi64_epi32(_mm256_add_epi64(total16, _mm256_srli_epi64(total16, 32)));
  const __m128 scale = _mm_div_ps(size, _mm_set1_ps(127.0f));
  const __m256 twice = _mm256_permutevar8x32_ps(_mm256_castps128_ps256(scale),
                                                _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
  _mm_storeu_ps(out.scale + block, scale);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out.total32 + block), total32);
  _mm_storeu_ps(out.sum32 + block, _mm_mul_ps(scale, _mm_cvtepi32_ps(total32)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.total16 + 2 * block), total16);
  _mm256_storeu_ps(out.sum16 + 2 * block, _mm256_mul_ps(twice, _mm256_cvtepi32_ps(total16)));
  return true;
}

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept {
  const uint32_t blocks = count / 32;
  for (uint32_t block = 0; block < blocks;) {
    if (block + 4 <= blocks && quantize_four(x + 32 * block, block, out)) {
      block += 4;
      continue;
    }
    for (const uint32_t end = block + 4; block < blocks && block < end; ++block)
      quantize_block(x + 32 * block, block, out);
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
