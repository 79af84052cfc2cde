// Rows of weights in vectors of 32 bytes, for AVX2.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// Four pieces of a row: 64 columns.
struct Bytes {
  __m256i low, high;
};

QUIPU_INLINE Bytes operator&(Bytes a, unsigned mask) {
  const __m256i m = _mm256_set1_epi8(char(mask));
  return {_mm256_and_si256(a.low, m), _mm256_and_si256(a.high, m)};
}
QUIPU_INLINE Bytes operator^(Bytes a, unsigned mask) {
  const __m256i m = _mm256_set1_epi8(char(mask));
  return {_mm256_xor_si256(a.low, m), _mm256_xor_si256(a.high, m)};
}
QUIPU_INLINE Bytes operator|(Bytes a, Bytes b) {
  return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
}
QUIPU_INLINE void store(uint8_t* address, Bytes a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(address), a.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(address + 32), a.high);
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

  template <unsigned A, unsigned B>
  QUIPU_INLINE_MEMBER __m256i two() const {
    if constexpr (B == A + 16) return load32(stretch + A);
    const __m256i both = _mm256_broadcastsi128_si256(load16(stretch + A));
    if constexpr (A == B) return both;
    return _mm256_inserti128_si256(both, load16(stretch + B), 1);
  }
  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bytes(Offset f) const {
    return {two<at(f, 0), at(f, 1)>(), two<at(f, 2), at(f, 3)>()};
  }

  template <int A, int B>
  QUIPU_INLINE_MEMBER static __m256i shift_two(__m256i q) {
    if constexpr (A != B) return shift_bytes(q, A, B);
    if constexpr (A == 0) return q;
    return A < 0 ? _mm256_slli_epi16(q, A < 0 ? -A : 0) : _mm256_srli_epi16(q, A < 0 ? 0 : A);
  }
  template <class Amount>
  QUIPU_INLINE_MEMBER Bytes shift(Bytes q, Amount f) const {
    return {shift_two<of(f, 0), of(f, 1)>(q.low), shift_two<of(f, 2), of(f, 3)>(q.high)};
  }

  template <class Offset>
  QUIPU_INLINE_MEMBER Bytes bits(Offset f, unsigned value) const {
    constexpr unsigned a = at(f, 0), c = at(f, 2);
    static_assert(at(f, 1) == a + 2 && at(f, 3) == c + 2, "two pieces have their bits in one word");
    return {spread_bits(load_word<uint32_t>(stretch + a), value),
            spread_bits(load_word<uint32_t>(stretch + c), value)};
  }

  QUIPU_INLINE_MEMBER Bytes lookup(Bytes q, const uint8_t (&table)[16]) const {
    const __m256i t = _mm256_broadcastsi128_si256(load16(table));
    return {_mm256_shuffle_epi8(t, q.low), _mm256_shuffle_epi8(t, q.high)};
  }

  template <class Number>
  QUIPU_INLINE_MEMBER Bytes digit(Bytes q, Number f) const {
    return {third_of<of(f, 0), of(f, 1)>(q.low), third_of<of(f, 2), of(f, 3)>(q.high)};
  }

  template <unsigned Lane, class F>
  QUIPU_INLINE_MEMBER auto made_of(F f) const {
    return f(stretch + (First + Lane) / per_block * Format::block_bytes,
             (First + Lane) % per_block);
  }
  template <class Make>
  QUIPU_INLINE_MEMBER Bytes made(Make f) const {
    return {join_words(made_of<0>(f), made_of<1>(f)), join_words(made_of<2>(f), made_of<3>(f))};
  }
  template <class Flags>
  QUIPU_INLINE_MEMBER Bytes flags(Flags f) const {
    return {spread_flags(uint32_t(made_of<0>(f)) | uint32_t(made_of<1>(f)) << 16),
            spread_flags(uint32_t(made_of<2>(f)) | uint32_t(made_of<3>(f)) << 16)};
  }
};

template <class Format, unsigned First, class Offset>
QUIPU_INLINE Bytes nibbles(RowPieces<Format, First> piece, Offset) {
  using P = RowPieces<Format, First>;
  const auto two = [&](unsigned a, unsigned b) __attribute__((always_inline)) {
    const auto pairs = b == a + 8 ? load16(piece.stretch + a)
                                  : _mm_set_epi64x(load_word<int64_t>(piece.stretch + b),
                                                   load_word<int64_t>(piece.stretch + a));
    const __m256i twice = _mm256_permute4x64_epi64(_mm256_castsi128_si256(pairs), 0x50);
    return _mm256_and_si256(_mm256_srlv_epi64(twice, _mm256_setr_epi64x(0, 4, 0, 4)),
                            _mm256_set1_epi8(15));
  };
  constexpr Offset f{};
  return {two(P::at(f, 0), P::at(f, 1)), two(P::at(f, 2), P::at(f, 3))};
}

/// Sums of 64 columns' products: of two successive ones as words where four products fit a word,
/// else of four as dwords.
struct Sums {
  __m256i low, high;
};
template <unsigned Largest>
constexpr bool in_words = 4 * Largest * 127 <= 32767;

/// What multiply() takes off every byte first: bytes above 128 are signed numbers to it, as sums of
/// two products would saturate at 16 bits.
template <unsigned Largest>
constexpr int taken_off = Largest <= 128 ? 0 : 128;

template <unsigned Largest>
QUIPU_INLINE __m256i multiply_bytes(__m256i q, __m256i x) {
  if constexpr (taken_off<Largest> != 0) {
    q = _mm256_xor_si256(q, _mm256_set1_epi8(char(0x80)));
    x = _mm256_sign_epi8(x, q);
    q = _mm256_abs_epi8(q);
  }
  const __m256i products = _mm256_maddubs_epi16(q, x);
  return in_words<Largest> ? products : _mm256_madd_epi16(products, _mm256_set1_epi16(1));
}

/// Largest: the largest of the unsigned bytes.
template <unsigned Largest>
QUIPU_INLINE Sums multiply(Bytes q, const int8_t* x) {
  const auto* at = reinterpret_cast<const uint8_t*>(x);
  return {multiply_bytes<Largest>(q.low, load32(at)),
          multiply_bytes<Largest>(q.high, load32(at + 32))};
}

template <bool Words>
QUIPU_INLINE __m256i add_integers(__m256i a, __m256i b) {
  return Words ? _mm256_add_epi16(a, b) : _mm256_add_epi32(a, b);
}

/// The halves of a added, and those of b.
template <bool Words>
QUIPU_INLINE __m256i add_lanes(__m256i a, __m256i b) {
  return add_integers<Words>(_mm256_blend_epi32(a, b, 0xf0), _mm256_permute2x128_si256(a, b, 0x21));
}
/// The same in each 128-bit lane.
template <bool Words>
QUIPU_INLINE __m256i add_quads(__m256i a, __m256i b) {
  return add_integers<Words>(_mm256_blend_epi32(a, b, 0xcc), _mm256_alignr_epi8(b, a, 8));
}

/// Sums of neighbours, per 128-bit lane: a0 + a1, a2 + a3, b0 + b1, b2 + b3. Bound is the largest
/// absolute value: small ones go through 16-bit lanes, which is one operation less.
template <unsigned Bound>
QUIPU_INLINE __m256i add_neighbours(__m256i a, __m256i b) {
  if constexpr (Bound <= 32767)
    return _mm256_madd_epi16(_mm256_packs_epi32(a, b), _mm256_set1_epi16(1));
  const __m256 x = _mm256_castsi256_ps(a), y = _mm256_castsi256_ps(b);
  return _mm256_add_epi32(_mm256_castps_si256(_mm256_shuffle_ps(x, y, 0x88)),
                          _mm256_castps_si256(_mm256_shuffle_ps(x, y, 0xdd)));
}

/// Of 128 columns. N groups in 256: with 16, the sums of groups 0, 2, 4, 6, 1, 3, 5, 7; with 8, two
/// sums each that are to be added, of groups 0, 1, 2, 3.
template <int N>
struct HalfSums {
  __m256i v;
};
template <int N, unsigned Largest>
QUIPU_INLINE HalfSums<N> half_sums(Sums a, Sums b) {
  constexpr bool words = in_words<Largest>;
  __m256i first, second;
  if constexpr (N == 16) {
    first = add_quads<words>(a.low, a.high);
    second = add_quads<words>(b.low, b.high);
  } else {
    first = add_lanes<words>(a.low, b.low);
    second = add_lanes<words>(a.high, b.high);
  }
  if constexpr (words) {
    first = _mm256_madd_epi16(first, _mm256_set1_epi16(1));
    second = _mm256_madd_epi16(second, _mm256_set1_epi16(1));
  }
  return {add_neighbours<8 * Largest * 127>(first, second)};
}

/// The sums of the N groups of 256 columns.
template <int N, unsigned Largest>
QUIPU_INLINE Floats<N> group_sums(HalfSums<N> a, HalfSums<N> b) {
  if constexpr (N == 16) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return join(_mm256_cvtepi32_ps(_mm256_permutevar8x32_epi32(a.v, order)),
                _mm256_cvtepi32_ps(_mm256_permutevar8x32_epi32(b.v, order)));
  } else {
    const __m256i groups = add_neighbours<16 * Largest * 127>(a.v, b.v);  // 0 1 4 5, 2 3 6 7
    return {_mm256_cvtepi32_ps(_mm256_permute4x64_epi64(groups, 0xd8))};
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
