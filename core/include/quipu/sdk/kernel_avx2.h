// The vocabulary of kernel.h for AVX2 with FMA and F16C.
#pragma once

#include "quipu/sdk/kernel_x86.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// Eight bits of each half, from byte `byte` of that half on, for each eight bytes, as bytes that
/// are `value` or 0.
QUIPU_INLINE __m256i spread_bits(__m256i words, __m256i byte, unsigned value) {
  const __m256i bit = _mm256_set1_epi64x(int64_t(0x8040201008040201));
  const __m256i bits = _mm256_and_si256(_mm256_shuffle_epi8(words, byte), bit);
  return _mm256_and_si256(_mm256_cmpeq_epi8(bits, bit), _mm256_set1_epi8(char(value)));
}
/// The 32 bits of a word.
QUIPU_INLINE __m256i spread_bits(uint32_t word, unsigned value) {
  const __m256i byte =
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  return spread_bits(_mm256_set1_epi32(int(word)), byte, value);
}

QUIPU_INLINE __m256i spread_flags(uint32_t word) {
  return spread_bits(word, 255);
}

/// Shifts the bytes of each half right by its own amount, left where negative; bits enter from the
/// neighbours.
QUIPU_INLINE __m256i shift_bytes(__m256i q, int low, int high) {
  const auto left = [](int n) { return n < 0 ? -n : 0; };
  const auto right = [](int n) { return n < 0 ? 0 : n; };
  if (low < 0 || high < 0)
    q = _mm256_sllv_epi32(q, _mm256_setr_epi32(left(low), left(low), left(low), left(low),
                                               left(high), left(high), left(high), left(high)));
  if (low > 0 || high > 0)
    q = _mm256_srlv_epi32(q, _mm256_setr_epi32(right(low), right(low), right(low), right(low),
                                               right(high), right(high), right(high), right(high)));
  return q;
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

/// Eight dwords, `stride` bytes apart; those from `count` on are zero and not read.
QUIPU_INLINE __m256i gather_dwords(const uint8_t* address, size_t stride, unsigned count) {
  __m128i low = _mm_setzero_si128(), high = low;
#define QUIPU_GATHER(half, i, lane)                                                                \
  if (count > i) half = _mm_insert_epi32(half, load_word<int>(address + i * stride), lane)
  QUIPU_GATHER(low, 0, 0);
  QUIPU_GATHER(low, 1, 1);
  QUIPU_GATHER(low, 2, 2);
  QUIPU_GATHER(low, 3, 3);
  QUIPU_GATHER(high, 4, 0);
  QUIPU_GATHER(high, 5, 1);
  QUIPU_GATHER(high, 6, 2);
  QUIPU_GATHER(high, 7, 3);
#undef QUIPU_GATHER
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/// Halves at `offset`, 0 or 2, of eight blocks of Bytes bytes, back to back. Blends, which any port
/// does, of loads that have half i in their word i, cost less than eight inserted words.
template <unsigned Bytes>
QUIPU_INLINE __m128i eight_halves(const uint8_t* blocks, unsigned offset) {
  const uint8_t* first = blocks + offset;
  if constexpr (Bytes == 18) {
    // Two of these loads lie side by side.
    __m256i v = _mm256_blend_epi32(load32(first), load32(first + 32), 0x22);
    v = _mm256_blend_epi32(v, load32(first + 64), 0x44);
    v = _mm256_blend_epi32(v, load32(first + 96), 0x88);
    return _mm_blend_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1), 0xaa);
  }
  const auto at = [=](unsigned i) __attribute__((always_inline)) {
    return load16(first + i * (Bytes - 2));
  };
  __m128i v = _mm_blend_epi16(at(0), at(1), 0x02);
  v = _mm_blend_epi16(v, at(2), 0x04);
  v = _mm_blend_epi16(v, at(3), 0x08);
  v = _mm_blend_epi16(v, at(4), 0x10);
  v = _mm_blend_epi16(v, at(5), 0x20);
  v = _mm_blend_epi16(v, at(6), 0x40);
  return _mm_blend_epi16(v, at(7), 0x80);
}

/// The lower halves of eight dwords.
QUIPU_INLINE __m128i lower_halves(__m256i v) {
  const __m256i low = _mm256_and_si256(v, _mm256_set1_epi32(0xffff));
  return _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
}

template <>
struct Floats<16> {
  __m256 a, b;
  QUIPU_INLINE_MEMBER __m256 low() const { return a; }
  QUIPU_INLINE_MEMBER __m256 high() const { return b; }
};

QUIPU_INLINE Floats<16> join(__m256 low, __m256 high) {
  return {low, high};
}

QUIPU_INLINE void from_bytes(Floats<16>& a, uint64_t low, uint64_t high) {
  Floats<8> first, second;
  from_bytes(first, low, 0);
  from_bytes(second, high, 0);
  a = {first.v, second.v};
}
QUIPU_INLINE Floats<16> operator*(float a, Floats<16> b) {
  const __m256 all = _mm256_set1_ps(a);
  return {_mm256_mul_ps(all, b.a), _mm256_mul_ps(all, b.b)};
}
QUIPU_INLINE Floats<16> operator*(Floats<16> a, Floats<16> b) {
  return {_mm256_mul_ps(a.a, b.a), _mm256_mul_ps(a.b, b.b)};
}
QUIPU_INLINE Floats<16> multiply_add(Floats<16> a, Floats<16> b, Floats<16> c) {
  return {_mm256_fmadd_ps(a.a, b.a, c.a), _mm256_fmadd_ps(a.b, b.b, c.b)};
}
QUIPU_INLINE void store(float* address, Floats<16> a) {
  _mm256_storeu_ps(address, a.a);
  _mm256_storeu_ps(address + 8, a.b);
}
QUIPU_INLINE float sum(Floats<16> a) {
  return sum(Floats<8>{_mm256_add_ps(a.a, a.b)});
}

/// The first `count` of eight floats, then zeros. Reads no further.
QUIPU_INLINE void load(Floats<8>& a, const float* address, unsigned count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  a.v = count == 8
            ? _mm256_loadu_ps(address)
            : _mm256_maskload_ps(address, _mm256_cmpgt_epi32(_mm256_set1_epi32(int(count)), lane));
}
QUIPU_INLINE void load(Floats<16>& a, const float* address, unsigned count) {
  Floats<8> low, high;
  load(low, address, count < 8 ? count : 8);
  load(high, address + 8, count < 8 ? 0 : count - 8);
  a = {low.v, high.v};
}

/// Scales of 32 columns for groups of 16: each of the first count / 2 floats twice.
QUIPU_INLINE void load_twice(Floats<16>& a, const float* address, unsigned count) {
  Floats<8> once;
  load(once, address, count / 2);
  a = {_mm256_permutevar8x32_ps(once.v, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3)),
       _mm256_permutevar8x32_ps(once.v, _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7))};
}

/// 16 rows by 16 columns: v[2 n] and v[2 n + 1] hold columns 4 n to 4 n + 3 of rows 0-7 and 8-15.
struct Tile {
  __m256i v[8];
};
QUIPU_INLINE Tile operator&(Tile a, unsigned mask) {
  for (auto& x : a.v) x = _mm256_and_si256(x, _mm256_set1_epi8(char(mask)));
  return a;
}
QUIPU_INLINE Tile operator^(Tile a, unsigned mask) {
  for (auto& x : a.v) x = _mm256_xor_si256(x, _mm256_set1_epi8(char(mask)));
  return a;
}
QUIPU_INLINE Tile operator|(Tile a, Tile b) {
  for (int i = 0; i < 8; ++i) a.v[i] = _mm256_or_si256(a.v[i], b.v[i]);
  return a;
}
QUIPU_INLINE Tile lookup_bytes(Tile a, const uint8_t (&table)[16]) {
  const __m256i t = _mm256_broadcastsi128_si256(load16(table));
  for (auto& x : a.v) x = _mm256_shuffle_epi8(t, x);
  return a;
}
template <int Number>
QUIPU_INLINE Tile thirds_of(Tile a) {
  for (auto& x : a.v) x = third_of<Number, Number>(x);
  return a;
}
QUIPU_INLINE void store(uint8_t* address, size_t quad_stride, Tile a) {
  for (int i = 0; i < 8; ++i)
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(address + size_t(i / 2) * quad_stride + i % 2 * 32), a.v[i]);
}

/// One number for each of 16 rows: factor times the signed byte of column Column.
template <unsigned Column>
QUIPU_INLINE Floats<16> scaled_column(const Tile& bytes, Floats<16> factor) {
  const auto half = [&](int i) __attribute__((always_inline)) {
    const __m256i v = _mm256_slli_epi32(bytes.v[Column / 4 * 2 + unsigned(i)], 24 - Column % 4 * 8);
    return _mm256_cvtepi32_ps(_mm256_srai_epi32(v, 24));
  };
  return Floats<16>{half(0), half(1)} * factor;
}

/// panel_zero + s * (q - zero), where s is the signed byte of column Column of each row. Two bytes
/// are one number of 16 bits: what the lower borrows from the upper it gives back, as the results
/// are bytes.
template <unsigned Column>
QUIPU_INLINE Tile multiply_integers(Tile q, const Tile& integers, unsigned, int zero,
                                    int panel_zero) {
  const __m256i twice =
      _mm256_set1_epi32(int(Column % 4 << 24 | 0x80 << 16 | Column % 4 << 8 | 0x80));
  const __m256i rows = _mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c, 0, 0x04040404,
                                         0x08080808, 0x0c0c0c0c);
  for (unsigned half = 0; half < 2; ++half) {
    const __m256i s = _mm256_srai_epi16(
        _mm256_shuffle_epi8(integers.v[Column / 4 * 2 + half], _mm256_add_epi8(twice, rows)), 8);
    const __m256i offset =
        _mm256_add_epi16(_mm256_mullo_epi16(s, _mm256_set1_epi16(short(-257 * zero))),
                         _mm256_set1_epi16(short(257 * panel_zero)));
    for (unsigned n = half; n < 8; n += 2)
      q.v[n] = _mm256_add_epi16(_mm256_mullo_epi16(q.v[n], s), offset);
  }
  return q;
}

/// 16 bytes of each of 16 rows.
QUIPU_INLINE Tile load_tile(const uint8_t* rows, size_t row_stride) {
  Tile tile;
  for (size_t half = 0; half < 2; ++half) {
    const uint8_t* p = rows + 8 * half * row_stride;
    const auto two = [&](size_t row) __attribute__((always_inline)) {
      return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(p + row * row_stride)),
                                     load16(p + (row + 4) * row_stride), 1);
    };
    const __m256i a = two(0), b = two(1), c = two(2), d = two(3);
    const __m256i ab = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
    const __m256i cd = _mm256_unpacklo_epi32(c, d), cd_high = _mm256_unpackhi_epi32(c, d);
    tile.v[half] = _mm256_unpacklo_epi64(ab, cd);
    tile.v[2 + half] = _mm256_unpackhi_epi64(ab, cd);
    tile.v[4 + half] = _mm256_unpacklo_epi64(ab_high, cd_high);
    tile.v[6 + half] = _mm256_unpackhi_epi64(ab_high, cd_high);
  }
  return tile;
}

/// The 16 bits of each row's dword, as bytes 0 or 255.
QUIPU_INLINE Tile flags_of(__m256i low_rows, __m256i high_rows) {
  Tile a;
  for (int half = 0; half < 2; ++half)
    for (int n = 0; n < 4; ++n) {
      // Byte j of a row's dword tests bit 4 n + j of its word.
      const int low = 4 * n % 8;
      const __m256i bit = _mm256_set1_epi32(int(0x08040201u << low));
      const __m256i byte = _mm256_add_epi8(_mm256_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c,
                                                             0, 0x04040404, 0x08080808, 0x0c0c0c0c),
                                           _mm256_set1_epi8(char(n / 2)));
      const __m256i bytes = _mm256_shuffle_epi8(half ? high_rows : low_rows, byte);
      a.v[2 * n + half] = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
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
        x = n < 0 ? _mm256_slli_epi16(x, n < 0 ? -n : 0) : _mm256_srli_epi16(x, n < 0 ? 0 : n);
    return a;
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Tile bits(Offset f, unsigned value) const {
    constexpr unsigned offset = f(Piece);
    const uint8_t* p = block + offset;
    return flags_of(gather_dwords(p, row_stride, 8),
                    gather_dwords(p + 8 * row_stride, row_stride, 8)) &
           value;
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
    const auto* p = reinterpret_cast<const uint8_t*>(rows);
    return flags_of(load32(p), load32(p + 32));
  }
};

/// Of pieces 2 n and 2 n + 1, whose bytes lie side by side, from the same loads.
template <unsigned Piece, class Offset>
QUIPU_INLINE Tile nibbles(ColumnPieces<Piece> piece, Offset) {
  constexpr unsigned odd = Piece % 2, offset = Offset{}(Piece - odd);
  static_assert(Offset{}(Piece - odd + 1) == offset + 8);
  const Tile both = load_tile(piece.block + offset, piece.row_stride);
  const __m256i* const v = both.v + 4 * odd;
  return Tile{{v[0], v[1], v[2], v[3], _mm256_srli_epi16(v[0], 4), _mm256_srli_epi16(v[1], 4),
               _mm256_srli_epi16(v[2], 4), _mm256_srli_epi16(v[3], 4)}} &
         15;
}

/// As many floats as a vector holds, for formats of floats.
struct Lanes {
  static constexpr unsigned count = 8;
  static constexpr int registers = 16;
  __m256 v;
};
QUIPU_INLINE Lanes load_lanes(Single, const uint8_t* p) {
  return {_mm256_castsi256_ps(load32(p))};
}
QUIPU_INLINE Lanes load_lanes(Half, const uint8_t* p) {
  return {_mm256_cvtph_ps(load16(p))};
}
QUIPU_INLINE Lanes load_lanes(Bfloat, const uint8_t* p) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(p)), 16))};
}
QUIPU_INLINE Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.v, b.v)};
}
QUIPU_INLINE Lanes multiply_add(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v)};
}
QUIPU_INLINE float sum(Lanes a) {
  return sum(Floats<8>{a.v});
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#include "quipu/sdk/kernel_avx2_rows.h"
#include "quipu/sdk/kernel_x86_scales.h"
