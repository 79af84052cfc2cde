// Vectors for tiles and strips that add up as AVX2 does, which have 512 bits where a processor has
// AVX-512 but not all that level AVX512 asks for: lane by lane sums are the same to the last bit.
// For kernel files only: everything is static.
#pragma once

#include <immintrin.h>

#include "matmul/kernels.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

#if defined(__AVX512BW__)
#define QUIPU_VECTOR(operation) _mm512_##operation
using Integers = __m512i;
using Floats = __m512;
using Halves = __m256i;
#else
#define QUIPU_VECTOR(operation) _mm256_##operation
using Integers = __m256i;
using Floats = __m256;
using Halves = __m128i;
#endif

template <class Vector>
static inline Vector load_vector(const uint8_t* p) {
  Vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline Integers load_bytes(const uint8_t* p) {
  return load_vector<Integers>(p);
}
static inline Integers all_bytes(int value) {
  return QUIPU_VECTOR(set1_epi8)(static_cast<char>(value));
}
static inline Integers absolute(Integers bytes) {
  return QUIPU_VECTOR(abs_epi8)(bytes);
}
/// Bytes whose sign changes where those of `sign` are negative. Where these are zero, anything.
static inline Integers with_sign(Integers bytes, Integers sign) {
#if defined(__AVX512BW__)
  return _mm512_mask_sub_epi8(bytes, _mm512_movepi8_mask(sign), _mm512_setzero_si512(), bytes);
#else
  return _mm256_sign_epi8(bytes, sign);
#endif
}
static inline Integers low_nibbles(Integers bytes) {
  return bytes & all_bytes(15);
}
static inline Integers high_nibbles(Integers bytes) {
  return low_nibbles(QUIPU_VECTOR(srli_epi16)(bytes, 4));
}
/// Sums of two products of an unsigned and a signed byte, in 16 bits.
static inline Integers multiply_pairs(Integers w, Integers x) {
  return QUIPU_VECTOR(maddubs_epi16)(w, x);
}
static inline Integers add16(Integers a, Integers b) {
  return QUIPU_VECTOR(add_epi16)(a, b);
}
/// Sums of neighbours of 16 bits, in 32.
static inline Integers add_neighbours(Integers pairs) {
  return QUIPU_VECTOR(madd_epi16)(pairs, QUIPU_VECTOR(set1_epi16)(1));
}
static inline Integers add32(Integers a, Integers b) {
  return QUIPU_VECTOR(add_epi32)(a, b);
}
static inline Integers all32(int32_t value) {
  return QUIPU_VECTOR(set1_epi32)(value);
}
static inline Floats to_floats(Integers v) {
  return QUIPU_VECTOR(cvtepi32_ps)(v);
}
static inline Floats all(float value) {
  return QUIPU_VECTOR(set1_ps)(value);
}
static inline Floats load(const float* p) {
  return QUIPU_VECTOR(loadu_ps)(p);
}
static inline Floats load_halves(const uint8_t* p) {
  return QUIPU_VECTOR(cvtph_ps)(load_vector<Halves>(p));
}
static inline void store(float* p, Floats v) {
  QUIPU_VECTOR(storeu_ps)(p, v);
}
static inline Floats multiply_add(Floats a, Floats b, Floats c) {
  return QUIPU_VECTOR(fmadd_ps)(a, b, c);
}
#undef QUIPU_VECTOR

/// Weight rows of a vector, and of the two that a tile takes together.
constexpr int lanes = sizeof(Floats) / sizeof(float), two = 2 * lanes;
constexpr int half_count = static_cast<int>(panel_rows) / two;  // one that is whole with 512 bits

static inline Integers broadcast4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return all32(four);
}

// Makes the compiler add in the order that is written. Else it adds integers up as a tree, which
// needs more registers than there are (1.6 times as slow).
static inline void fix(Integers& sum) {
  asm("" : "+v"(sum));
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

// Sums of token t with the weight rows from `row` on, as far as they went.
QUIPU_IN_LINE static inline Floats begin_sum(const TileOutput& out, int t, int row) {
  return out.continues ? load(out.c + t * out.c_stride + row) : Floats{};
}

// The same, as far as they go now.
QUIPU_IN_LINE static inline void store_sum(const TileOutput& out, int t, int row, Floats sum) {
  if (out.y && out.bias) sum = sum + load(out.bias + row);
  if (out.y && out.addend) sum = sum + load(out.addend + t * out.addend_stride + row);
  store((out.y ? out.y + t * out.y_stride : out.c + t * out.c_stride) + row, sum);
}

// Adds the products of the tile's group g, scaled, and what its minimum adds.
template <int Tokens, int Group, bool Minimum>
QUIPU_IN_LINE static inline void add_group(const TileInput& x, const PanelView& p, uint32_t g,
                                           int half, const Integers (&dot)[Tokens][2],
                                           Floats (&sum)[Tokens][2]) {
  using quipu::sdk::each;
  each<2>([&](auto v) QUIPU_IN_LINE {
    const size_t at = g * panel_rows + two * half + lanes * v;
    const Floats scale = load(p.scale + at);
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      const Floats both = scale * all(x.scale[t * x.scale_stride + g * Group / 32]);
      sum[t][v] = multiply_add(to_floats(dot[t][v]), both, sum[t][v]);
    });
    if constexpr (Minimum) {
      const Floats minimum = load(p.minimum + at);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        sum[t][v] = multiply_add(minimum, all(x.sum[t * x.sum_stride + g]), sum[t][v]);
      });
    }
  });
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
