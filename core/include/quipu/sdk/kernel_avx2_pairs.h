// Dot products of two rows with one vector, for AVX2: both share a vector of bytes, each in a half,
// so that sums of the two pieces of a group are added as words (Zen 5, Q4_0: cached rows 1.12 times
// as fast as row by row, rows from memory 1.0 to 1.1 times).
#pragma once

#include "quipu/sdk/each.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// A piece of two rows: 16 columns of each.
struct Pair {
  __m256i v;
};

QUIPU_INLINE Pair operator&(Pair a, unsigned mask) {
  return {_mm256_and_si256(a.v, _mm256_set1_epi8(char(mask)))};
}
QUIPU_INLINE Pair operator^(Pair a, unsigned mask) {
  return {_mm256_xor_si256(a.v, _mm256_set1_epi8(char(mask)))};
}
QUIPU_INLINE Pair operator|(Pair a, Pair b) {
  return {_mm256_or_si256(a.v, b.v)};
}

/// Piece Piece of a stretch of two rows.
template <class Format, unsigned Piece>
struct PairPieces {
  const uint8_t *first, *second;

  static constexpr unsigned per_block = Format::block_columns / 16, number = Piece % per_block;
  static constexpr unsigned begin = Piece / per_block * Format::block_bytes;

  template <class Offset>
  QUIPU_INLINE_MEMBER Pair bytes(Offset f) const {
    constexpr unsigned at = begin + f(number);
    return {_mm256_inserti128_si256(_mm256_castsi128_si256(load16(first + at)), load16(second + at),
                                    1)};
  }
  template <class Amount>
  QUIPU_INLINE_MEMBER Pair shift(Pair q, Amount f) const {
    constexpr int n = f(number);
    if constexpr (n == 0) return q;
    return {n < 0 ? _mm256_slli_epi16(q.v, n < 0 ? -n : 0) : _mm256_srli_epi16(q.v, n < 0 ? 0 : n)};
  }
  template <class Offset>
  QUIPU_INLINE_MEMBER Pair bits(Offset f, unsigned value) const {
    // Both pieces that have their bits side by side take them from the same loads.
    constexpr unsigned odd = number % 2, at = begin + f(number - odd);
    const auto words = both(load_word<uint32_t>(first + at), load_word<uint32_t>(second + at));
    return spread<odd>(words, value);
  }
  QUIPU_INLINE_MEMBER Pair lookup(Pair q, const uint8_t (&table)[16]) const {
    return {_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load16(table)), q.v)};
  }
  template <class Number>
  QUIPU_INLINE_MEMBER Pair digit(Pair q, Number f) const {
    return {third_of<int(f(number)), int(f(number))>(q.v)};
  }
  template <class Make>
  QUIPU_INLINE_MEMBER Pair made(Make f) const {
    return {join_words(f(first + begin, number), f(second + begin, number))};
  }
  template <class Flags>
  QUIPU_INLINE_MEMBER Pair flags(Flags f) const {
    return spread<0>(both(uint32_t(f(first + begin, number)), uint32_t(f(second + begin, number))),
                     255);
  }

 private:
  QUIPU_INLINE_MEMBER static __m256i both(uint32_t low, uint32_t high) {
    return _mm256_blend_epi32(_mm256_set1_epi32(int(low)), _mm256_set1_epi32(int(high)), 0xf0);
  }
  /// The lower or upper 16 bits of the dwords of both halves.
  template <unsigned Upper>
  QUIPU_INLINE_MEMBER static Pair spread(__m256i words, unsigned value) {
    constexpr long long low = 0x0202020202020202 * Upper, high = low + 0x0101010101010101;
    return {spread_bits(words, _mm256_setr_epi64x(low, high, low, high), value)};
  }
};

/// Sums of four successive products of group Group of a stretch of two rows.
template <class Format, unsigned Group>
QUIPU_INLINE __m256i multiply_group(const uint8_t* first, const uint8_t* second, const int8_t* x) {
  const auto* a = reinterpret_cast<const uint8_t*>(x) + 32 * Group;
  const Pair q = Format::values(PairPieces<Format, 2 * Group>{first, second});
  const Pair more = Format::values(PairPieces<Format, 2 * Group + 1>{first, second});
  const __m256i words =
      _mm256_add_epi16(_mm256_maddubs_epi16(q.v, _mm256_broadcastsi128_si256(load16(a))),
                       _mm256_maddubs_epi16(more.v, _mm256_broadcastsi128_si256(load16(a + 16))));
  return _mm256_madd_epi16(words, _mm256_set1_epi16(1));
}

/// Two rows of whole stretches. They are fetched in the order of addresses, a little between any
/// two pieces of work: one stream of reads. Every line is asked for twice, as a processor drops
/// what it has no room for (Q4_0 from slow memory: 93 % of the speed of row by row, or 100 %).
template <class Format>
QUIPU_INLINE void dot_two_rows(const uint8_t* first, const uint8_t* second,
                               const quipu_activations* x, float* y) {
  using S = Stretch<Format>;
  constexpr unsigned bound = 8 * Format::largest * 127;
  typename S::Numbers total[2] = {};
  const uint8_t* ahead = second + (second - first) + 8192;
  for (uint64_t column = 0; column < x->columns;
       column += S::columns, first += S::bytes, second += S::bytes, ahead += 2 * S::bytes) {
    __m256i quarters[4];  // two sums each of two groups that are to be added
    each<4>([&](auto i) QUIPU_IN_LINE {
      constexpr unsigned begin = i * S::bytes / 2, end = (i + 1) * S::bytes / 2;
      for (unsigned line = (begin + 63) / 64; 64 * line < end; ++line) {
        prefetch(ahead + 64 * line);
        prefetch(ahead + 64 * line - 4096);
      }
      const int8_t* a = x->q + column;
      quarters[i] = add_neighbours<bound>(multiply_group<Format, 2 * i>(first, second, a),
                                          multiply_group<Format, 2 * i + 1>(first, second, a));
    });
    const __m256i low = add_neighbours<2 * bound>(quarters[0], quarters[1]);
    const __m256i high = add_neighbours<2 * bound>(quarters[2], quarters[3]);
    typename S::Numbers x_scale, x_sum;
    S::activations(x, 0, column, S::columns, x_scale, x_sum);
    const auto add = [&](typename S::Numbers& sum, const uint8_t* row,
                         __m256i groups) QUIPU_IN_LINE {
      typename S::Numbers scale, minimum;
      S::scales(row, S::columns, scale, minimum);
      S::add(sum, {_mm256_cvtepi32_ps(groups)}, scale, minimum, x_scale, x_sum);
    };
    add(total[0], first, _mm256_permute2x128_si256(low, high, 0x20));
    add(total[1], second, _mm256_permute2x128_si256(low, high, 0x31));
  }
  y[0] = sum(total[0]);
  y[1] = sum(total[1]);
}

template <class Format>
concept DottedInPairs = Format::group == 32 && in_words<Format::largest> && !requires {
  Format::in_fours;
};

template <class Format>
requires(DottedInPairs<Format>) QUIPU_INLINE
    void dot(const void* rows, size_t row_stride, uint32_t row_count, const quipu_activations* x,
             float* y, size_t y_stride) {
  const auto* row = static_cast<const uint8_t*>(rows);
  if (x->count == 1 && x->columns % Stretch<Format>::columns == 0)
    for (; row_count >= 2; row_count -= 2, row += 2 * row_stride, y += 2)
      dot_two_rows<Format>(row, row + row_stride, x, y);
  dot_row_by_row<Format>(row, row_stride, row_count, x, y, y_stride);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
