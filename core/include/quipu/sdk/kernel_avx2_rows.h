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

/// Sums of four successive products: 64 columns.
struct Sums {
  __m256i low, high;
};

template <unsigned Largest>
QUIPU_INLINE Sums multiply(Bytes q, const int8_t* x) {
  const auto* at = reinterpret_cast<const uint8_t*>(x);
  return {multiply_bytes<Largest>(q.low, load32(at)),
          multiply_bytes<Largest>(q.high, load32(at + 32))};
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

/// Four vectors of 32 columns to the sums of 16: those of the first halves, then of the second.
template <unsigned Largest>
QUIPU_INLINE __m256i sums_of_16(__m256i a, __m256i b, __m256i c, __m256i d) {
  constexpr unsigned bound = 4 * Largest * 127;
  return add_neighbours<2 * bound>(add_neighbours<bound>(a, b), add_neighbours<bound>(c, d));
}

/// The sums of the N groups of 256 columns, of which all but the first Parts times 64 are zero.
template <int N, unsigned Largest, unsigned Parts = 4>
QUIPU_INLINE Floats<N> group_sums(const Sums (&t)[4]) {
  const __m256i a = sums_of_16<Largest>(t[0].low, t[0].high, t[1].low, t[1].high);
  if constexpr (N == 8 && Parts <= 2)
    return {_mm256_cvtepi32_ps(_mm256_zextsi128_si256(
        _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1))))};
  const __m256i b = sums_of_16<Largest>(t[2].low, t[2].high, t[3].low, t[3].high);
  if constexpr (N == 16) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return join(_mm256_cvtepi32_ps(_mm256_permutevar8x32_epi32(a, order)),
                _mm256_cvtepi32_ps(_mm256_permutevar8x32_epi32(b, order)));
  } else {
    return {_mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                                                _mm256_permute2x128_si256(a, b, 0x31)))};
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
