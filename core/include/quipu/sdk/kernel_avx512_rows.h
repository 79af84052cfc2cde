// Rows of weights in vectors of 64 bytes, for AVX-512. On Zen 5 dot products are 1.1 (Q4_0) to 1.5
// times (Q6_K) as fast as with vectors of 32; on Zen 4, which takes them in halves, they are equal.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// Four pieces of a row: 64 columns.
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

/// A dword for each of the four 128-bit lanes.
QUIPU_INLINE __m512i of_lanes(int a, int b, int c, int d) {
  return _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
}

/// Pieces First to First + 3 of a stretch of blocks, one in each 128-bit lane.
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

  /// 16 bytes each at A, B, C and D. Loads of 64 bytes that cross cache lines are as slow as two,
  /// so they are done only where a piece follows another (Zen 5, Q4_0: 38 or 51 GB/s from memory).
  template <unsigned A, unsigned B, unsigned C, unsigned D>
  QUIPU_INLINE_MEMBER __m512i four() const {
    if constexpr (B == A + 16 && C == A + 32 && D == A + 48) return _mm512_loadu_si512(stretch + A);
    if constexpr (B == A + 16 && D == C + 16) {
      const __m512i twice = _mm512_broadcast_i64x4(load32(stretch + A));
      if constexpr (C == A) return twice;
      return _mm512_inserti64x4(twice, load32(stretch + C), 1);
    }
    __m512i v = _mm512_broadcast_i32x4(load16(stretch + A));
    if constexpr (B != A) v = _mm512_mask_broadcast_i32x4(v, 0x00f0, load16(stretch + B));
    if constexpr (C != A)
      v = _mm512_mask_broadcast_i32x4(v, D == C ? 0xff00 : 0x0f00, load16(stretch + C));
    if constexpr (D != A && D != C) v = _mm512_mask_broadcast_i32x4(v, 0xf000, load16(stretch + D));
    return v;
  }
  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bytes(Offset f) const {
    return {four<at(f, 0), at(f, 1), at(f, 2), at(f, 3)>()};
  }

  template <class Amount>
  QUIPU_INLINE_MEMBER Bytes shift(Bytes q, Amount f) const {
    constexpr int a = of(f, 0), b = of(f, 1), c = of(f, 2), d = of(f, 3);
    if constexpr (a == b && a == c && a == d) {
      if constexpr (a == 0) return q;
      return {a < 0 ? _mm512_slli_epi16(q.v, a < 0 ? -a : 0)
                    : _mm512_srli_epi16(q.v, a < 0 ? 0 : a)};
    }
    const __m512i amounts = of_lanes(a, b, c, d);
    if constexpr (a < 0 || b < 0 || c < 0 || d < 0) return {_mm512_rorv_epi32(q.v, amounts)};
    return {_mm512_srlv_epi32(q.v, amounts)};
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bits(Offset f, unsigned value) const {
    constexpr unsigned a = at(f, 0), c = at(f, 2);
    static_assert(at(f, 1) == a + 2 && at(f, 3) == c + 2, "two pieces have their bits in one word");
    const __m512i words = _mm512_mask_set1_epi32(_mm512_set1_epi32(load_word<int>(stretch + a)),
                                                 0xff00, load_word<int>(stretch + c));
    return {_mm512_and_si512(spread_words(words, value), _mm512_set1_epi8(char(value)))};
  }

  QUIPU_INLINE_MEMBER Bytes lookup(Bytes q, const uint8_t (&table)[16]) const {
    return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(load16(table)), q.v)};
  }

  template <class Number>
  QUIPU_INLINE_MEMBER Bytes digit(Bytes q, Number f) const {
    const auto power = [](int digit) { return power_of_three(digit) * 0x10001; };
    return {thirds_of(
        q.v, of_lanes(power(of(f, 0)), power(of(f, 1)), power(of(f, 2)), power(of(f, 3))))};
  }

  template <unsigned Lane, class F>
  QUIPU_INLINE_MEMBER auto made_of(F f) const {
    return f(stretch + (First + Lane) / per_block * Format::block_bytes,
             (First + Lane) % per_block);
  }
  template <class Make>
  QUIPU_INLINE_MEMBER Bytes made(Make f) const {
    const Sixteen a = made_of<0>(f), b = made_of<1>(f), c = made_of<2>(f), d = made_of<3>(f);
    return {_mm512_inserti64x4(_mm512_castsi256_si512(join_words(a, b)), join_words(c, d), 1)};
  }
  template <class Flags>
  QUIPU_INLINE_MEMBER Bytes flags(Flags f) const {
    const auto word = [](auto low, auto high) { return uint64_t(low) | uint64_t(high) << 16; };
    return {_mm512_movm_epi8(word(made_of<0>(f), made_of<1>(f)) | word(made_of<2>(f), made_of<3>(f))
                                                                      << 32)};
  }

 private:
  /// The 32 bits of a dword that lies twice in each 64-bit lane, of lanes 0-3 and of lanes 4-7, so
  /// that they fall on `value` of their bytes, among other bits.
  QUIPU_INLINE_MEMBER static __m512i spread_words(__m512i words, unsigned value) {
    // Byte j of lane n takes the 8 bits from 8 n + j - position on.
    const long long position = __builtin_ctz(value);
    const auto lane = [=](long long n) __attribute__((always_inline)) {
      long long from = 0;
      for (long long j = 7; j >= 0; --j) from = from << 8 | ((8 * n + j - position) & 63);
      return from;
    };
    return _mm512_multishift_epi64_epi8(
        _mm512_setr_epi64(lane(0), lane(1), lane(2), lane(3), lane(0), lane(1), lane(2), lane(3)),
        words);
  }
};

template <class Format, unsigned First, class Offset>
QUIPU_INLINE Bytes nibbles(RowPieces<Format, First> piece, Offset) {
  using P = RowPieces<Format, First>;
  constexpr Offset f{};
  constexpr unsigned a = P::at(f, 0), b = P::at(f, 1), c = P::at(f, 2), d = P::at(f, 3);
  const auto word = [&](unsigned offset) __attribute__((always_inline)) {
    return load_word<int64_t>(piece.stretch + offset);
  };
  __m512i twice;
  if constexpr (b == a + 8 && c == a + 16 && d == a + 24) {
    twice = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3),
                                     _mm512_castsi256_si512(load32(piece.stretch + a)));
  } else {
    twice = _mm512_mask_set1_epi64(_mm512_set1_epi64(word(a)), 0x0c, word(b));
    twice = _mm512_mask_set1_epi64(twice, 0x30, word(c));
    twice = _mm512_mask_set1_epi64(twice, 0xc0, word(d));
  }
  return {_mm512_and_si512(_mm512_srlv_epi64(twice, _mm512_setr_epi64(0, 4, 0, 4, 0, 4, 0, 4)),
                           _mm512_set1_epi8(15))};
}

/// Sums of four successive products: 64 columns. Largest: the largest of the unsigned bytes.
struct Sums {
  __m512i v;
};

/// What multiply() takes off every byte without putting it back.
template <unsigned>
constexpr int taken_off = 0;

template <unsigned Largest>
QUIPU_INLINE Sums multiply(Bytes q, const int8_t* x) {
  return {_mm512_dpbusd_epi32(_mm512_setzero_si512(), q.v, _mm512_loadu_si512(x))};
}

/// Sums of neighbours, per 128-bit lane: a0 + a1, a2 + a3, b0 + b1, b2 + b3. Bound is the largest
/// absolute value: small ones go through 16-bit lanes, which is one operation less.
template <unsigned Bound>
QUIPU_INLINE __m512i add_neighbours(__m512i a, __m512i b) {
  if constexpr (Bound <= 32767)
    return _mm512_madd_epi16(_mm512_packs_epi32(a, b), _mm512_set1_epi16(1));
  const __m512 x = _mm512_castsi512_ps(a), y = _mm512_castsi512_ps(b);
  return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
                          _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd)));
}

/// Of 128 columns, for N groups in 256. Dword n of lane l: two sums of piece l of vector n / 2.
template <int N>
struct HalfSums {
  __m512i v;
};
template <int N, unsigned Largest>
QUIPU_INLINE HalfSums<N> half_sums(Sums a, Sums b) {
  return {add_neighbours<4 * Largest * 127>(a.v, b.v)};
}

/// The sums of the N groups of 256 columns.
template <int N, unsigned Largest>
QUIPU_INLINE Floats<N> group_sums(HalfSums<N> a, HalfSums<N> b) {
  // Dword n of lane l: the sum of piece l of vector n.
  const __m512i of_pieces = add_neighbours<8 * Largest * 127>(a.v, b.v);
  if constexpr (N == 16) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return {_mm512_cvtepi32_ps(_mm512_permutexvar_epi32(order, of_pieces))};
  } else {
    const __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    const __m512i halves = _mm512_permutexvar_epi32(order, of_pieces);
    return {_mm256_cvtepi32_ps(
        _mm256_add_epi32(_mm512_castsi512_si256(halves), _mm512_extracti64x4_epi64(halves, 1)))};
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
