// The vocabulary of kernel.h for AVX-512 with VBMI and VNNI: four pieces of a row, or sixteen rows
// of a piece, at a time.
#pragma once

#include "quipu/sdk/each.h"
#include "quipu/sdk/kernel_x86.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// Digits, in base 3, of the fractions q / 256: digit d where a 16-bit lane of `powers` is 3^d. Of
/// a byte that is the upper one of 16 bits, a product with the power keeps the fraction that is
/// left, and the upper half of its product with 3 is the digit.
QUIPU_INLINE __m512i thirds_of(__m512i q, __m512i powers) {
  const auto digit = [=](__m512i upper) __attribute__((always_inline)) {
    return _mm512_mulhi_epu16(_mm512_mullo_epi16(upper, powers), _mm512_set1_epi16(3));
  };
  const __m512i even = digit(_mm512_slli_epi16(q, 8));
  const __m512i odd = digit(_mm512_and_si512(q, _mm512_set1_epi16(short(0xff00))));
  return _mm512_or_si512(even, _mm512_slli_epi16(odd, 8));
}
constexpr short power_of_three(int digit) {
  return digit == 0 ? 1 : short(3 * power_of_three(digit - 1));
}

/// Eight dwords, `stride` bytes apart; those from `count` on are zero and not read.
QUIPU_INLINE __m256i gather_dwords(const uint8_t* address, size_t stride, unsigned count) {
  __m256i v = count > 0 ? _mm256_zextsi128_si256(_mm_cvtsi32_si128(load_word<int>(address)))
                        : _mm256_setzero_si256();
#define QUIPU_GATHER(i)                                                                            \
  if (count > i) v = _mm256_mask_set1_epi32(v, 1 << i, load_word<int>(address + i * stride))
  QUIPU_GATHER(1);
  QUIPU_GATHER(2);
  QUIPU_GATHER(3);
  QUIPU_GATHER(4);
  QUIPU_GATHER(5);
  QUIPU_GATHER(6);
  QUIPU_GATHER(7);
#undef QUIPU_GATHER
  return v;
}

/// Halves at `offset`, 0 or 2, of eight blocks of Bytes bytes, back to back. A load of 64 bytes has
/// those of several: two of them, though they cross cache lines, and a permutation cost less than
/// eight inserted words (Zen 5: whole dot products of Q4_0 1.3 times as fast).
template <unsigned Bytes>
QUIPU_INLINE __m128i eight_halves(const uint8_t* blocks, unsigned offset) {
  static_assert(Bytes % 2 == 0);
  constexpr unsigned per_load = 60 / Bytes + 1, loads = (7 + per_load) / per_load;
  __m512i halves = _mm512_loadu_si512(blocks);
  each<loads - 1>([&](auto before) QUIPU_IN_LINE {
    constexpr unsigned first = (before + 1) * per_load;
    constexpr unsigned begin = first * Bytes < 8 * Bytes - 64 ? first * Bytes : 8 * Bytes - 64;
    const auto word = [=](unsigned i) QUIPU_IN_LINE {
      if (i >= first) return short(32 + (i * Bytes + offset - begin) / 2);
      return short(before == 0 ? (i * Bytes + offset) / 2 : i);
    };
    const __m128i words =
        _mm_setr_epi16(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7));
    halves = _mm512_permutex2var_epi16(halves, _mm512_castsi128_si512(words),
                                       _mm512_loadu_si512(blocks + begin));
  });
  return _mm512_castsi512_si128(halves);
}

/// The lower halves of eight dwords.
QUIPU_INLINE __m128i lower_halves(__m256i v) {
  return _mm256_cvtepi32_epi16(v);
}

template <>
struct Floats<16> {
  __m512 v;
  QUIPU_INLINE_MEMBER __m256 low() const { return _mm512_castps512_ps256(v); }
  QUIPU_INLINE_MEMBER __m256 high() const { return _mm512_extractf32x8_ps(v, 1); }
};

QUIPU_INLINE Floats<16> join(__m256 low, __m256 high) {
  return {_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1)};
}

QUIPU_INLINE void from_bytes(Floats<16>& a, uint64_t low, uint64_t high) {
  a.v = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_set_epi64x(int64_t(high), int64_t(low))));
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
QUIPU_INLINE Tile lookup_bytes(Tile a, const uint8_t (&table)[16]) {
  const __m512i t = _mm512_broadcast_i32x4(load16(table));
  for (auto& x : a.v) x = _mm512_shuffle_epi8(t, x);
  return a;
}
template <int Number>
QUIPU_INLINE Tile thirds_of(Tile a) {
  for (auto& x : a.v) x = thirds_of(x, _mm512_set1_epi16(power_of_three(Number)));
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

/// One number for each of 16 rows: factor times the signed byte of column Column.
template <unsigned Column>
QUIPU_INLINE Floats<16> scaled_column(const Tile& bytes, Floats<16> factor) {
  const __m512i v = _mm512_slli_epi32(bytes.v[Column / 4], 24 - Column % 4 * 8);
  return Floats<16>{_mm512_cvtepi32_ps(_mm512_srai_epi32(v, 24))} * factor;
}

/// panel_zero + s * (q - zero), where s is the signed byte of column Column of each row. Two bytes
/// are one number of 16 bits: what the lower borrows from the upper it gives back, as the results
/// are bytes.
template <unsigned Column>
QUIPU_INLINE Tile multiply_integers(Tile q, const Tile& integers, unsigned, int zero,
                                    int panel_zero) {
  const __m512i twice =
      _mm512_set1_epi32(int(Column % 4 << 24 | 0x80 << 16 | Column % 4 << 8 | 0x80));
  const __m512i rows = _mm512_set4_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0);
  const __m512i s = _mm512_srai_epi16(
      _mm512_shuffle_epi8(integers.v[Column / 4], _mm512_add_epi8(twice, rows)), 8);
  const __m512i offset =
      _mm512_add_epi16(_mm512_mullo_epi16(s, _mm512_set1_epi16(short(-257 * zero))),
                       _mm512_set1_epi16(short(257 * panel_zero)));
  for (auto& x : q.v) x = _mm512_add_epi16(_mm512_mullo_epi16(x, s), offset);
  return q;
}

/// 16 bytes of each of 16 rows.
QUIPU_INLINE Tile load_tile(const uint8_t* rows, size_t row_stride) {
  const auto four = [&](size_t row) __attribute__((always_inline)) {
    const uint8_t* p = rows + row * row_stride;
    __m512i v = _mm512_castsi128_si512(load16(p));
    v = _mm512_inserti32x4(v, load16(p + 4 * row_stride), 1);
    v = _mm512_inserti32x4(v, load16(p + 8 * row_stride), 2);
    return _mm512_inserti32x4(v, load16(p + 12 * row_stride), 3);
  };
  return transpose(four(0), four(1), four(2), four(3));
}

/// The 16 bits of each row's dword, moved so that they fall on bit `position` of their bytes, among
/// other bits. Byte j of quad n takes the bits from 4 n + j - position on.
QUIPU_INLINE Tile spread_rows(__m512i rows, unsigned position) {
  Tile a;
  for (unsigned n = 0; n < 4; ++n) {
    uint64_t from = 0;
    for (unsigned j = 0; j < 8; ++j)
      from |= uint64_t((j / 4 * 32 + 4 * n + j % 4 - position) & 63) << (8 * j);
    a.v[n] = _mm512_multishift_epi64_epi8(_mm512_set1_epi64(int64_t(from)), rows);
  }
  return a;
}

/// Piece Piece of the same block of 16 rows.
template <unsigned Piece>
struct ColumnPieces {
  static constexpr unsigned rows = 16;
  const uint8_t* block;
  size_t row_stride;

  template <class Offset>
  QUIPU_INLINE_MEMBER Tile bytes(Offset f) const {
    constexpr unsigned offset = f(Piece);
    return load_tile(block + offset, row_stride);
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
    // Both pieces that have their bits side by side take them from the same loads.
    constexpr unsigned odd = Piece % 2, offset = f(Piece - odd);
    static_assert(odd == 0 || f(Piece) == offset + 2);
    const uint8_t* p = block + offset;
    const __m512i rows = _mm512_inserti64x4(_mm512_castsi256_si512(gather_dwords(p, row_stride, 8)),
                                            gather_dwords(p + 8 * row_stride, row_stride, 8), 1);
    return spread_rows(rows, unsigned(__builtin_ctz(value)) - 16 * odd) & value;
  }

  QUIPU_INLINE_MEMBER Tile lookup(Tile a, const uint8_t (&table)[16]) const {
    return lookup_bytes(a, table);
  }
  template <class Number>
  QUIPU_INLINE_MEMBER Tile digit(Tile a, Number f) const {
    return thirds_of<int(f(Piece))>(a);
  }
  template <class Make>
  QUIPU_INLINE_MEMBER Tile made(Make f) const {
    Sixteen rows[16];
    for (size_t r = 0; r < 16; ++r) rows[r] = f(block + r * row_stride, Piece);
    return load_tile(reinterpret_cast<const uint8_t*>(rows), sizeof rows[0]);
  }
  template <class Flags>
  QUIPU_INLINE_MEMBER Tile flags(Flags f) const {
    uint32_t rows[16];
    for (size_t r = 0; r < 16; ++r) rows[r] = uint32_t(f(block + r * row_stride, Piece));
    Tile a = spread_rows(_mm512_loadu_si512(rows), 7);
    for (auto& x : a.v) x = _mm512_movm_epi8(_mm512_movepi8_mask(x));
    return a;
  }
};

/// Of pieces 2 n and 2 n + 1, whose bytes lie side by side, from the same loads.
template <unsigned Piece, class Offset>
QUIPU_INLINE Tile nibbles(ColumnPieces<Piece> piece, Offset) {
  constexpr unsigned odd = Piece % 2, offset = Offset{}(Piece - odd);
  static_assert(Offset{}(Piece - odd + 1) == offset + 8);
  const Tile both = load_tile(piece.block + offset, piece.row_stride);
  const __m512i a = both.v[2 * odd], b = both.v[2 * odd + 1];
  return Tile{{a, b, _mm512_srli_epi16(a, 4), _mm512_srli_epi16(b, 4)}} & 15;
}

/// As many floats as a vector holds, for formats of floats.
struct Lanes {
  static constexpr unsigned count = 16;
  static constexpr int registers = 32;
  __m512 v;
};
QUIPU_INLINE Lanes load_lanes(Single, const uint8_t* p) {
  return {_mm512_loadu_ps(p)};
}
QUIPU_INLINE Lanes load_lanes(Half, const uint8_t* p) {
  return {_mm512_cvtph_ps(load32(p))};
}
QUIPU_INLINE Lanes load_lanes(Bfloat, const uint8_t* p) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load32(p)), 16))};
}
QUIPU_INLINE Lanes operator+(Lanes a, Lanes b) {
  return {_mm512_add_ps(a.v, b.v)};
}
QUIPU_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
QUIPU_INLINE float sum(Lanes a) {
  return sum(Floats<16>{a.v});
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#include "quipu/sdk/kernel_avx512_rows.h"
#include "quipu/sdk/kernel_x86_scales.h"
