// The vocabulary of kernel.h for AVX-512 with VBMI and VNNI: four pieces of a row, or sixteen rows
// of a piece, at a time.
#pragma once

#include "quipu/sdk/kernel_x86.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

struct Bytes {
  __m512i v;
};

QUIPU_INLINE Bytes operator&(Bytes a, unsigned mask) {
  return {_mm512_and_si512(a.v, _mm512_set1_epi8(char(mask)))};
}
QUIPU_INLINE Bytes operator^(Bytes a, unsigned mask) {
  return {_mm512_xor_si512(a.v, _mm512_set1_epi8(char(mask)))};
}
QUIPU_INLINE Bytes operator|(Bytes a, Bytes b) {
  return {_mm512_or_si512(a.v, b.v)};
}

QUIPU_INLINE void store(uint8_t* address, Bytes a) {
  _mm512_storeu_si512(address, a.v);
}

/// Pieces First to First + 3 of a stretch of blocks, one in each 128-bit lane: 64 columns.
template <class Format, unsigned First>
struct RowPieces {
  const uint8_t* stretch;

  static constexpr unsigned per_block = Format::block_columns / 16;
  template <class F>
  static constexpr int of(F f, unsigned lane) {
    return int(f((First + lane) % per_block));
  }
  template <class F>
  static constexpr unsigned at(F f, unsigned lane) {
    return (First + lane) / per_block * Format::block_bytes + unsigned(of(f, lane));
  }

  // Loads that neighbouring lanes can share are shared. Whole 64-byte loads would mostly straddle
  // cache lines, so they are used only where all 64 bytes are wanted.
  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bytes(Offset f) const {
    constexpr unsigned a = at(f, 0), b = at(f, 1), c = at(f, 2), d = at(f, 3);
    if constexpr (b == a + 16 && c == a + 32 && d == a + 48) {
      return {_mm512_loadu_si512(stretch + a)};
    } else if constexpr (b == a + 16 && c == a && d == b) {
      return {_mm512_broadcast_i64x4(load32(stretch + a))};
    } else if constexpr (b == a + 16 && d == c + 16) {
      return {
          _mm512_inserti64x4(_mm512_castsi256_si512(load32(stretch + a)), load32(stretch + c), 1)};
    } else {
      __m512i v = _mm512_broadcast_i32x4(load16(stretch + a));
      if constexpr (b != a) v = _mm512_mask_broadcast_i32x4(v, 0x00f0, load16(stretch + b));
      if constexpr (c != a || d != a)
        v = _mm512_mask_broadcast_i32x4(v, c == d ? 0xff00 : 0x0f00, load16(stretch + c));
      if constexpr (d != c) v = _mm512_mask_broadcast_i32x4(v, 0xf000, load16(stretch + d));
      return {v};
    }
  }

  template <class Amount>
  QUIPU_INLINE_MEMBER Bytes shift(Bytes q, Amount f) const {
    constexpr int a = of(f, 0), b = of(f, 1), c = of(f, 2), d = of(f, 3);
    if constexpr (a == 0 && b == 0 && c == 0 && d == 0) {
      return q;
    } else if constexpr (a == b && a == c && a == d) {
      return {a < 0 ? _mm512_slli_epi16(q.v, unsigned(-a)) : _mm512_srli_epi16(q.v, unsigned(a))};
    } else {
      const __m512i amounts = _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
      if constexpr (a >= 0 && b >= 0 && c >= 0 && d >= 0) return {_mm512_srlv_epi32(q.v, amounts)};
      return {_mm512_rorv_epi32(q.v, amounts)};
    }
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bits(Offset f, unsigned value) const {
    constexpr unsigned a = at(f, 0), b = at(f, 1), c = at(f, 2), d = at(f, 3);
    static_assert(b == a + 2 && d == c + 2, "a pair of pieces has its bits in one word");
    const uint64_t low = load_word<uint32_t>(stretch + a), high = load_word<uint32_t>(stretch + c);
    return {_mm512_maskz_set1_epi8(low | high << 32, char(value))};
  }
};

template <>
struct Floats<16> {
  __m512 v;
  QUIPU_INLINE_MEMBER __m256 low() const { return _mm512_castps512_ps256(v); }
  QUIPU_INLINE_MEMBER __m256 high() const { return _mm512_extractf32x8_ps(v, 1); }
};

QUIPU_INLINE Floats<16> floats_from_signed_bytes(const uint8_t* bytes) {
  return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load16(bytes)))};
}

QUIPU_INLINE Floats<16> operator*(float a, Floats<16> b) {
  return {_mm512_mul_ps(_mm512_set1_ps(a), b.v)};
}
QUIPU_INLINE Floats<16> operator*(Floats<16> a, Floats<16> b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
QUIPU_INLINE Floats<16> multiply_add(Floats<16> a, Floats<16> b, Floats<16> c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
QUIPU_INLINE void store(float* address, Floats<16> a) {
  _mm512_storeu_ps(address, a.v);
}

QUIPU_INLINE float sum(Floats<16> a) {
  return sum(Floats<8>{_mm256_add_ps(a.low(), a.high())});
}

QUIPU_INLINE void load(Floats<8>& a, const float* address, unsigned count) {
  a.v = count == 8 ? _mm256_loadu_ps(address)
                   : _mm256_maskz_loadu_ps(__mmask8((1u << count) - 1), address);
}
QUIPU_INLINE void load(Floats<16>& a, const float* address, unsigned count) {
  a.v = count == 16 ? _mm512_loadu_ps(address)
                    : _mm512_maskz_loadu_ps(__mmask16((1u << count) - 1), address);
}

/// Scales of 32 columns for groups of 16: each of the first count / 2 floats twice.
QUIPU_INLINE void load_twice(Floats<16>& a, const float* address, unsigned count) {
  Floats<8> once;
  load(once, address, count / 2);
  const __m512i twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
  a.v = _mm512_permutexvar_ps(twice, _mm512_castps256_ps512(once.v));
}

/// Sums of four successive products: 64 columns.
struct Sums {
  __m512i v;
};

/// Largest: the largest of the unsigned bytes q.
template <unsigned Largest>
QUIPU_INLINE Sums multiply(Bytes q, const int8_t* x) {
  return {_mm512_dpbusd_epi32(_mm512_setzero_si512(), q.v, _mm512_loadu_si512(x))};
}

/// Sums of neighbours, per 128-bit lane: a0 + a1, a2 + a3, b0 + b1, b2 + b3. Bound is the largest
/// absolute value: small ones go through 16-bit lanes, which takes one shuffle instead of two.
template <unsigned Bound>
QUIPU_INLINE __m512i add_neighbours(__m512i a, __m512i b) {
  if constexpr (Bound <= 32767)
    return _mm512_madd_epi16(_mm512_packs_epi32(a, b), _mm512_set1_epi16(1));
  const __m512 x = _mm512_castsi512_ps(a), y = _mm512_castsi512_ps(b);
  return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
                          _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd)));
}

/// The sums of the N groups of 256 columns.
template <int N, unsigned Largest>
QUIPU_INLINE Floats<N> group_sums(const Sums (&t)[4]) {
  constexpr unsigned bound = 4 * Largest * 127;
  const __m512i s = add_neighbours<2 * bound>(add_neighbours<bound>(t[0].v, t[1].v),
                                              add_neighbours<bound>(t[2].v, t[3].v));
  // Lane 4 n + i of s holds the 16 columns from 64 i + 16 n.
  if constexpr (N == 16) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return {_mm512_cvtepi32_ps(_mm512_permutexvar_epi32(order, s))};
  } else {
    const __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    const __m512i p = _mm512_permutexvar_epi32(order, s);
    return {_mm256_cvtepi32_ps(
        _mm256_add_epi32(_mm512_castsi512_si256(p), _mm512_extracti64x4_epi64(p, 1)))};
  }
}

/// The same block of 16 rows.
struct ColumnBlocks {
  const uint8_t* block;
  size_t row_stride;
  QUIPU_INLINE_MEMBER Floats<16> half(unsigned offset) const {
    const uint8_t* p = block + offset;
    const __m128i a = gather_halves(p, row_stride),
                  b = gather_halves(p + 8 * row_stride, row_stride);
    return {_mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1))};
  }
};

/// 16 rows by 16 columns: v[n] holds columns 4 n to 4 n + 3 of all rows, row by row.
struct Tile {
  __m512i v[4];
};
QUIPU_INLINE Tile operator&(Tile a, unsigned mask) {
  for (auto& x : a.v) x = _mm512_and_si512(x, _mm512_set1_epi8(char(mask)));
  return a;
}
QUIPU_INLINE Tile operator^(Tile a, unsigned mask) {
  for (auto& x : a.v) x = _mm512_xor_si512(x, _mm512_set1_epi8(char(mask)));
  return a;
}
QUIPU_INLINE Tile operator|(Tile a, Tile b) {
  for (int i = 0; i < 4; ++i) a.v[i] = _mm512_or_si512(a.v[i], b.v[i]);
  return a;
}
QUIPU_INLINE void store(uint8_t* address, size_t quad_stride, Tile a) {
  for (int i = 0; i < 4; ++i) _mm512_storeu_si512(address + size_t(i) * quad_stride, a.v[i]);
}

/// 4 x 4 dwords in each 128-bit lane.
QUIPU_INLINE Tile transpose(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_unpacklo_epi32(a, b), ab_high = _mm512_unpackhi_epi32(a, b);
  const __m512i cd = _mm512_unpacklo_epi32(c, d), cd_high = _mm512_unpackhi_epi32(c, d);
  return {{_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd),
           _mm512_unpacklo_epi64(ab_high, cd_high), _mm512_unpackhi_epi64(ab_high, cd_high)}};
}

/// Piece Piece of the same block of 16 rows.
template <unsigned Piece>
struct ColumnPieces {
  const uint8_t* block;
  size_t row_stride;

  template <class Offset>
  QUIPU_INLINE_MEMBER Tile bytes(Offset f) const {
    constexpr unsigned offset = f(Piece);
    const auto four = [&](size_t row) __attribute__((always_inline)) {
      const uint8_t* p = block + offset + row * row_stride;
      __m512i v = _mm512_castsi128_si512(load16(p));
      v = _mm512_inserti32x4(v, load16(p + 4 * row_stride), 1);
      v = _mm512_inserti32x4(v, load16(p + 8 * row_stride), 2);
      return _mm512_inserti32x4(v, load16(p + 12 * row_stride), 3);
    };
    return transpose(four(0), four(1), four(2), four(3));
  }

  template <class Amount>
  QUIPU_INLINE_MEMBER Tile shift(Tile a, Amount f) const {
    constexpr int n = f(Piece);
    if constexpr (n != 0)
      for (auto& x : a.v)
        x = n < 0 ? _mm512_slli_epi16(x, unsigned(-n)) : _mm512_srli_epi16(x, unsigned(n));
    return a;
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Tile bits(Offset f, unsigned value) const {
    constexpr unsigned offset = f(Piece);
    const uint8_t* p = block + offset;
    const __m256i words =
        _mm256_inserti128_si256(_mm256_castsi128_si256(gather_halves(p, row_stride)),
                                gather_halves(p + 8 * row_stride, row_stride), 1);
    const __m512i rows = _mm512_cvtepu16_epi32(words);
    // Byte j of quad n takes the bits from 4 n + j - position, so that the wanted one falls on
    // `value`.
    const unsigned position = unsigned(__builtin_ctz(value));
    Tile a;
    for (unsigned n = 0; n < 4; ++n) {
      uint64_t from = 0;
      for (unsigned j = 0; j < 8; ++j)
        from |= uint64_t((j / 4 * 32 + 4 * n + j % 4 - position) & 63) << (8 * j);
      a.v[n] = _mm512_multishift_epi64_epi8(_mm512_set1_epi64(int64_t(from)), rows);
    }
    return a & value;
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
