// Dot products, with AVX-512, of formats where one byte tells four successive columns: entries of
// codebooks, and 1 or 2 bits for a weight. A vector of 64 bytes tells 256 columns; it becomes four
// vectors, of which number j holds columns j, j + 4, j + 8 ... Multiplied with activations in the
// same order, all four add up in the same lanes: lane d has the sum of columns 16 d to 16 d + 15.
// In formats with groups of 32, even lanes then take in the sum of the next.
//
// Entries of codebooks are looked up in registers, 64 at a time, for two rows at once.
#pragma once

#include "quipu/sdk/each.h"

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// 64 bytes that are known at compile time.
struct alignas(64) Lanes64 {
  uint8_t v[64];
  QUIPU_INLINE_MEMBER __m512i load() const { return _mm512_load_si512(v); }
};
template <class Byte>
consteval Lanes64 make_lanes(Byte byte) {
  Lanes64 lanes{};
  for (unsigned l = 0; l < 64; ++l) lanes.v[l] = uint8_t(byte(l));
  return lanes;
}

/// Where the bytes of 64 lanes begin in a stretch of `Bytes` bytes: lane l from bit Position::of(l)
/// on, of which `Width` bits count. Eight lanes take theirs from one window of 8 bytes.
template <unsigned Bytes, class Position, unsigned Width>
struct BitField {
  static constexpr unsigned smallest(unsigned from, unsigned to) {
    unsigned least = Position::of(from);
    for (unsigned l = from; l < to; ++l) least = Position::of(l) < least ? Position::of(l) : least;
    return least / 8;
  }
  static constexpr unsigned last = [] {
    unsigned most = 0;
    for (unsigned l = 0; l < 64; ++l)
      most = Position::of(l) + Width - 1 > most ? Position::of(l) + Width - 1 : most;
    return most / 8;
  }();
  static constexpr bool whole_bytes = [] {
    for (unsigned l = 0; l < 64; ++l)
      if (Position::of(l) % 8 != 0) return false;
    return true;
  }();
  static constexpr unsigned end = Bytes < 64 ? 0 : Bytes - 64;
  static constexpr unsigned first = smallest(0, 64) < end ? smallest(0, 64) : end;
  static constexpr bool one_load = last - first < 64;
  static constexpr bool fits = [] {
    for (unsigned l = 0; l < 64; ++l)
      if (Position::of(l) + Width > 8 * (smallest(l / 8 * 8, l / 8 * 8 + 8) + 8))
        return whole_bytes;
    return true;
  }();
  static_assert(fits && last < Bytes && (one_load || Bytes <= 128));

  static constexpr Lanes64 index = make_lanes([](unsigned l) {
    const unsigned byte =
        whole_bytes ? Position::of(l) / 8 : smallest(l / 8 * 8, l / 8 * 8 + 8) + l % 8;
    if (one_load) return byte - first;
    return byte < 64 ? byte : 64 + byte - end;
  });
  static constexpr bool in_order = [] {
    for (unsigned l = 0; l < 64; ++l)
      if (index.v[l] != l) return false;
    return true;
  }();
  /// For window and bits: `later` bits on from the position.
  template <unsigned Later>
  static constexpr Lanes64 from = make_lanes([](unsigned l) {
    return (Position::of(l) + Later - 8 * smallest(l / 8 * 8, l / 8 * 8 + 8)) & 63;
  });

  QUIPU_INLINE_MEMBER static __m512i load64(const uint8_t* address) {
    if constexpr (Bytes >= 64) return _mm512_loadu_si512(address);
    return _mm512_maskz_loadu_epi8((1ull << Bytes % 64) - 1, address);
  }
  /// The windows, or the bytes themselves where all begin at one.
  QUIPU_INLINE_MEMBER static __m512i windows(const uint8_t* stretch) {
    if constexpr (!one_load)
      return _mm512_permutex2var_epi8(_mm512_loadu_si512(stretch), index.load(),
                                      _mm512_loadu_si512(stretch + end));
    const __m512i bytes = load64(stretch + first);
    if constexpr (in_order) return bytes;
    return _mm512_permutexvar_epi8(index.load(), bytes);
  }
  QUIPU_INLINE_MEMBER static __m512i load(const uint8_t* stretch) {
    if constexpr (whole_bytes) return windows(stretch);
    return _mm512_multishift_epi64_epi8(from<0>.load(), windows(stretch));
  }
};

/// 256 columns of two rows.
template <class Format>
struct FourPieces {
  static constexpr unsigned bytes = Stretch<Format>::bytes;
  const uint8_t* row[2];
};

/// v[j], lane l: column 4 l + j of the row.
struct Fours {
  __m512i v[2][4];
};

/// The bits of columns 4 l to 4 l + 3, side by side in each block.
template <class Format, unsigned Width, unsigned First>
struct OfPacked {
  static constexpr unsigned of(unsigned l) {
    constexpr unsigned per_block = Format::block_columns / 4;
    return 8 * (l / per_block * Format::block_bytes + First) + l % per_block * 4 * Width;
  }
};

template <unsigned Width, unsigned First, unsigned Shift = 0, class Format>
QUIPU_INLINE Fours packed(FourPieces<Format> p) {
  using Field = BitField<p.bytes, OfPacked<Format, Width, First>, 4 * Width>;
  Fours q;
  for (int r = 0; r < 2; ++r) {
    const __m512i bits = Field::load(p.row[r]);
    each<4>([&](auto j) QUIPU_IN_LINE {
      constexpr int right = int(Width) * j - int(Shift);
      const __m512i moved =
          right < 0 ? _mm512_slli_epi16(bits, -right) : _mm512_srli_epi16(bits, right);
      q.v[r][j] = _mm512_and_si512(moved, _mm512_set1_epi8(((1 << Width) - 1) << Shift));
    });
  }
  return q;
}

/// Codes of four columns in a byte, 2 bits each, or of two, 3 bits each: then v[r][0] has the first
/// two of the four.
template <unsigned Bits>
struct FourCodes {
  __m512i v[2][Bits - 1];
};

/// Signs of the four columns of a lane, in bits 4 and 5: of the first two, and of the others.
struct FourSigns {
  __m512i first[2], second[2];
};

/// Columns 4 l to 4 l + 3 as told by bits of their eight.
template <class OfEight, int Shift, unsigned PerLane>
struct OfFour {
  static constexpr unsigned of(unsigned l) {
    return unsigned(int(OfEight{}(l / 2) + PerLane * (l % 2)) + Shift);
  }
};

template <class Format, class Position>
QUIPU_INLINE FourSigns signs(FourPieces<Format> p, Position) {
  using Field = BitField<p.bytes, OfFour<Position, -4, 4>, 8>;
  FourSigns s;
  for (int r = 0; r < 2; ++r) {
    const __m512i windows = Field::windows(p.row[r]);
    s.first[r] = _mm512_multishift_epi64_epi8(Field::template from<0>.load(), windows);
    s.second[r] = _mm512_multishift_epi64_epi8(Field::template from<2>.load(), windows);
  }
  return s;
}

constexpr Lanes64 signs_by_seven[2] = {make_lanes([](unsigned l) { return even_signs(l); }),
                                       make_lanes([](unsigned l) { return even_signs(64 + l); })};

template <class Format, class Position>
QUIPU_INLINE FourSigns signs_of_seven(FourPieces<Format> p, Position) {
  using Field = BitField<p.bytes, OfFour<Position, 0, 0>, 7>;
  // Lanes 2 k and 2 k + 1 have all signs of an eight: each takes its half to bits 4 to 7.
  static constexpr auto half = [](unsigned l) { return 8 * (l % 8) + 4 * (l % 2); };
  static constexpr Lanes64 first = make_lanes([](unsigned l) { return (half(l) + 60) & 63; });
  static constexpr Lanes64 second = make_lanes([](unsigned l) { return (half(l) + 62) & 63; });
  FourSigns s;
  for (int r = 0; r < 2; ++r) {
    const __m512i eights = _mm512_permutex2var_epi8(signs_by_seven[0].load(), Field::load(p.row[r]),
                                                    signs_by_seven[1].load());
    s.first[r] = _mm512_multishift_epi64_epi8(first.load(), eights);
    s.second[r] = _mm512_multishift_epi64_epi8(second.load(), eights);
  }
  return s;
}

template <class Format, class Position>
QUIPU_INLINE FourSigns signs_of_one(FourPieces<Format> p, Position) {
  using Field = BitField<p.bytes, OfFour<Position, 0, 0>, 1>;
  FourSigns s;
  for (int r = 0; r < 2; ++r) {
    const __mmask64 is = _mm512_test_epi8_mask(Field::load(p.row[r]), _mm512_set1_epi8(1));
    s.first[r] = s.second[r] = _mm512_maskz_set1_epi8(is, 0x30);
  }
  return s;
}

/// 64 entries of a codebook: the codes of their first and their second halves. `lowest` has the
/// lowest 8 bits of their numbers, `others` the others, from bit 1 on and among other bits.
template <class Book>
struct Entries64 {
  __m512i half[2];

  static constexpr unsigned pages = Book::count / 128;  // that two registers hold
  template <unsigned Half, unsigned Part>
  static constexpr Lanes64 part = make_lanes([](unsigned l) {
    const unsigned entry = Book::entry(64 * Part + l);
    return Book::bits == 2 ? entry >> (8 * Half) & 0xff : entry >> (6 * Half) & 0x3f;
  });

  QUIPU_INLINE_MEMBER Entries64(__m512i lowest, __m512i others) : half{lowest, lowest} {
    const __mmask64 odd = _mm512_movepi8_mask(lowest);
    if constexpr (pages == 2) {
      turn<0>(~odd);
      turn<1>(odd);
    } else {
      const __m512i lower = _mm512_and_si512(_mm512_srli_epi16(lowest, 7), _mm512_set1_epi8(1));
      const __m512i page = _mm512_ternarylogic_epi32(lower, others, _mm512_set1_epi8(pages - 2),
                                                     0xf8);  // lower | (others & mask)
      turn_all(page);
    }
  }

  /// The lanes of a page: what was the number of an entry becomes the entry.
  template <unsigned Page>
  QUIPU_INLINE_MEMBER void turn(__mmask64 lanes) {
    half[0] = _mm512_mask2_permutex2var_epi8(part<0, 2 * Page>.load(), half[0], lanes,
                                             part<0, 2 * Page + 1>.load());
    half[1] = _mm512_mask2_permutex2var_epi8(part<1, 2 * Page>.load(), half[1], lanes,
                                             part<1, 2 * Page + 1>.load());
  }
  template <unsigned Page = 0>
  QUIPU_INLINE_MEMBER void turn_all(__m512i page) {
    turn<Page>(_mm512_cmpeq_epi8_mask(page, _mm512_set1_epi8(Page)));
    if constexpr (Page + 1 < pages) turn_all<Page + 1>(page);
  }
};

/// Bits of entries of 4 columns, one for each lane; or of entries of 8 columns, of both rows: lanes
/// 16 n to 16 n + 7 have entries 8 n to 8 n + 7 of the first row, the next eight lanes those of the
/// second.
template <class OfEntry, int Shift, unsigned Weights>
struct OfEntries {
  static constexpr unsigned of(unsigned l) {
    return unsigned(int(OfEntry{}(Weights == 4 ? l : l / 16 * 8 + l % 8)) + Shift);
  }
};

/// The upper bits of numbers of entries, from bit 1 on.
template <class Format, class Book, class Upper>
QUIPU_INLINE __m512i upper_numbers(const uint8_t* stretch) {
  constexpr unsigned bytes = Stretch<Format>::bytes;
  using Bits = BitField<bytes, OfEntries<Upper, 0, Book::weights>, Book::upper_bits>;
  if constexpr (Book::upper_bits == 0) {
    return _mm512_setzero_si512();
  } else if constexpr (Bits::whole_bytes) {
    const __m512i upper = Bits::load(stretch);
    return _mm512_add_epi8(upper, upper);
  } else {
    return BitField<bytes, OfEntries<Upper, -1, Book::weights>, Book::upper_bits + 1>::load(
        stretch);
  }
}

template <class Format, unsigned Bits, class Entries, class Low, class Upper>
QUIPU_INLINE FourCodes<Bits> codes(FourPieces<Format> p, Codebook<Bits, Entries>, Low, Upper) {
  using Book = Codebook<Bits, Entries>;
  using Lowest = BitField<p.bytes, OfEntries<Low, 0, Book::weights>, 8>;
  const __m512i lowest[] = {Lowest::load(p.row[0]), Lowest::load(p.row[1])};
  const __m512i others[] = {upper_numbers<Format, Book, Upper>(p.row[0]),
                            upper_numbers<Format, Book, Upper>(p.row[1])};
  FourCodes<Bits> c;
  if constexpr (Bits == 2) {
    const Entries64<Book> both(_mm512_mask_mov_epi64(lowest[0], 0xaa, lowest[1]),
                               _mm512_mask_mov_epi64(others[0], 0xaa, others[1]));
    c.v[0][0] = _mm512_unpacklo_epi8(both.half[0], both.half[1]);
    c.v[1][0] = _mm512_unpackhi_epi8(both.half[0], both.half[1]);
  } else {
    for (int r = 0; r < 2; ++r) {
      const Entries64<Book> entries(lowest[r], others[r]);
      c.v[r][0] = entries.half[0];
      c.v[r][1] = entries.half[1];
    }
  }
  return c;
}
template <class Format, unsigned Bits, class Entries, class Low>
QUIPU_INLINE FourCodes<Bits> codes(FourPieces<Format> p, Codebook<Bits, Entries> book, Low low) {
  return codes(p, book, low, low);
}

/// The bits of a where those of `mask` are set, and of b elsewhere.
QUIPU_INLINE __m512i select_bits(unsigned mask, __m512i a, __m512i b) {
  return _mm512_ternarylogic_epi32(_mm512_set1_epi8(char(mask)), a, b, 0xca);
}

/// Tables for bytes with a code of `Bits` bits from bit Code on and a sign in bit Sign.
template <const uint8_t (&Levels)[16], unsigned Bits, unsigned Code, unsigned Sign>
constexpr Lanes64 levels_of = make_lanes([](unsigned l) {
  return Levels[(l >> Code & ((1u << Bits) - 1)) + 8 * (l >> Sign & 1)];
});

template <const uint8_t (&Levels)[16], class Format>
QUIPU_INLINE Fours signed_lookup(FourPieces<Format>, FourCodes<2> c, FourSigns s) {
  const __m512i even = levels_of<Levels, 2, 0, 4>.load(), odd = levels_of<Levels, 2, 2, 5>.load();
  Fours q;
  for (int r = 0; r < 2; ++r) {
    const __m512i first = select_bits(0x0f, c.v[r][0], s.first[r]);
    const __m512i second = select_bits(0x0f, _mm512_srli_epi16(c.v[r][0], 4), s.second[r]);
    q.v[r][0] = _mm512_permutexvar_epi8(first, even);
    q.v[r][1] = _mm512_permutexvar_epi8(first, odd);
    q.v[r][2] = _mm512_permutexvar_epi8(second, even);
    q.v[r][3] = _mm512_permutexvar_epi8(second, odd);
  }
  return q;
}
template <const uint8_t (&Levels)[16], class Format>
QUIPU_INLINE Fours signed_lookup(FourPieces<Format>, FourCodes<3> c, FourSigns s) {
  const __m512i even = levels_of<Levels, 3, 0, 4>.load(), odd = levels_of<Levels, 3, 0, 5>.load();
  Fours q;
  for (int r = 0; r < 2; ++r)
    for (int half = 0; half < 2; ++half) {
      const __m512i sign = half ? s.second[r] : s.first[r];
      const __m512i first = select_bits(0x07, c.v[r][half], sign);
      const __m512i second = select_bits(0x07, _mm512_srli_epi16(c.v[r][half], 3), sign);
      q.v[r][2 * half] = _mm512_permutexvar_epi8(first, even);
      q.v[r][2 * half + 1] = _mm512_permutexvar_epi8(second, odd);
    }
  return q;
}

/// 256 columns of a vector, in the order of the weights.
struct FourActivations {
  __m512i v[4];
  __m512 scale, correction;  // of the groups; what belongs to the zero of the weights
};
template <class Format>
QUIPU_INLINE FourActivations load_fours(const quipu_activations* x, uint64_t vector,
                                        uint64_t column, unsigned columns) {
  const int8_t* at = x->q + vector * x->columns + column;
  int8_t rest[256] = {};
  if (columns < 256) {
    memcpy(rest, at, columns);
    at = rest;
  }
  const __m512i v[] = {_mm512_loadu_si512(at), _mm512_loadu_si512(at + 64),
                       _mm512_loadu_si512(at + 128), _mm512_loadu_si512(at + 192)};
  FourActivations a;
  const auto two = [&](int j, __m512i bytes) __attribute__((always_inline)) {
    const __m512i low = _mm512_permutex2var_epi8(v[0], bytes, v[1]),
                  high = _mm512_permutex2var_epi8(v[2], bytes, v[3]);
    a.v[j] = _mm512_shuffle_i64x2(low, high, 0x44);
    a.v[j + 1] = _mm512_shuffle_i64x2(low, high, 0xee);
  };
  static constexpr Lanes64 first = make_lanes([](unsigned l) { return l % 32 * 4 + l / 32; });
  static constexpr Lanes64 second = make_lanes([](unsigned l) { return first.v[l] + 2; });
  two(0, first.load());
  two(2, second.load());

  const auto twice = [&](Floats<16> & to, const float* from) __attribute__((always_inline)) {
    load_twice(to, from + (vector * x->columns + column) / 32, columns / 16);
  };
  Floats<16> scale, sums;
  twice(scale, x->scale);
  if constexpr (Format::group == 32)
    twice(sums, x->sum32);
  else
    load(sums, x->sum16 + (vector * x->columns + column) / 16, columns / 16);
  a.scale = scale.v;
  a.correction = (-float(Format::zero) * sums).v;
  return a;
}

/// Scales of a stretch. Groups of 32 have theirs in even lanes, and odd lanes are 0.
template <class Format>
struct FourScales {
  __m512 v;
};

template <class Format>
constexpr __mmask16 lanes_of_groups = Format::group == 32 ? 0x5555 : 0xffff;

template <class OfGroup, unsigned Columns>
struct OfSum {
  static constexpr unsigned of(unsigned l) { return OfGroup{}(l / 4 * 16 / Columns); }
};

template <unsigned Width, unsigned Groups, class Format, class Position>
QUIPU_INLINE void set_odd_scales(FourScales<Format>& out, const uint8_t* block, float factor,
                                 Position) {
  using Field = BitField<Format::block_bytes, OfSum<Position, 256 / Groups>, Width>;
  const __m512i s = _mm512_and_si512(Field::load(block), _mm512_set1_epi32((1 << Width) - 1));
  const __m512i odd = _mm512_add_epi32(_mm512_add_epi32(s, s), _mm512_set1_epi32(1));
  out.v =
      _mm512_maskz_mul_ps(lanes_of_groups<Format>, _mm512_cvtepi32_ps(odd), _mm512_set1_ps(factor));
}

/// The blocks of a stretch, and the lanes of FourScales.
template <class Format>
struct FourBlocks {
  const uint8_t* stretch;
  QUIPU_INLINE_MEMBER Floats<16> half(unsigned offset) const {
    constexpr unsigned blocks = 256 / Format::block_columns;
    const unsigned at = offset + 4 <= Format::block_bytes ? offset : Format::block_bytes - 4;
    const __m256i words = gather_dwords(stretch + at, Format::block_bytes, blocks);
    const __m512 halves = _mm512_cvtph_ps(_mm256_srli_epi32(words, int(8 * (offset - at))));
    static constexpr Lanes64 of_lanes =
        make_lanes([](unsigned l) { return l % 4 == 0 ? 2 * (l / 4 / (16 / blocks)) : 0; });
    return {_mm512_maskz_permutexvar_ps(lanes_of_groups<Format>, of_lanes.load(), halves)};
  }
};

template <class Format>
QUIPU_INLINE __m512 scales_of_fours(const uint8_t* stretch) {
  if constexpr (Stretch<Format>::one_scale) {
    return Format::scale(FourBlocks<Format>{stretch}).v;
  } else {
    FourScales<Format> scales;
    Format::scales(stretch, scales);
    return scales.v;
  }
}

/// The sums of Count vectors of up to eight rows.
template <class Format, unsigned Count>
struct FourSums {
  static constexpr unsigned rows = 8;
  __m512 total[rows][Count];
  FourActivations a[Count];

  QUIPU_INLINE_MEMBER FourSums() {
    for (auto& row : total)
      for (auto& sum : row) sum = _mm512_setzero_ps();
  }

  QUIPU_INLINE_MEMBER void load(const quipu_activations* x, uint64_t vector, uint64_t column,
                                unsigned columns) {
    for (unsigned v = 0; v < Count; ++v) a[v] = load_fours<Format>(x, vector + v, column, columns);
  }

  /// Adds a stretch of rows r and r + 1.
  QUIPU_INLINE_MEMBER void add(uint32_t r, const uint8_t* first, const uint8_t* second) {
    const Fours q = Format::values(FourPieces<Format>{{first, second}});
    for (unsigned i = 0; i < 2; ++i) {
      const __m512 scale = scales_of_fours<Format>(i ? second : first);
      for (unsigned v = 0; v < Count; ++v) {
        __m512i sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), q.v[i][0], a[v].v[0]);
        sum = _mm512_dpbusd_epi32(sum, q.v[i][1], a[v].v[1]);
        sum = _mm512_dpbusd_epi32(sum, q.v[i][2], a[v].v[2]);
        sum = _mm512_dpbusd_epi32(sum, q.v[i][3], a[v].v[3]);
        if constexpr (Format::group == 32)
          sum = _mm512_add_epi32(sum, _mm512_shuffle_epi32(sum, _MM_PERM_CDAB));
        const __m512 scaled = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), a[v].scale, a[v].correction);
        total[r + i][v] = _mm512_fmadd_ps(scale, scaled, total[r + i][v]);
      }
    }
  }
};

/// Up to eight rows: activations are brought into order once for all.
template <class Format, unsigned Count>
QUIPU_INLINE void dot_fours(const uint8_t* rows, size_t row_stride, uint32_t row_count,
                            const quipu_activations* x, uint32_t vector, float* y,
                            size_t y_stride) {
  using S = Stretch<Format>;
  static_assert(!Format::has_minimum);
  FourSums<Format, Count> sums;
  const size_t ahead = sums.rows * row_stride;
  uint64_t column = 0;
  for (; column + S::columns <= x->columns; column += S::columns, rows += S::bytes) {
    sums.load(x, vector, column, S::columns);
    for (uint32_t r = 0; r < row_count; r += 2) {
      const uint8_t* first = rows + r * row_stride;
      const uint8_t* second = r + 1 < row_count ? first + row_stride : first;
      for (unsigned n = 0; n < S::bytes; n += 64) {
        prefetch(first + ahead + n);
        prefetch(second + ahead + n);
      }
      sums.add(r, first, second);
    }
  }
  if constexpr (Format::block_columns < S::columns)
    if (const unsigned rest = unsigned(x->columns - column)) {
      sums.load(x, vector, column, rest);
      for (uint32_t r = 0; r < row_count; r += 2) {
        uint8_t pair[2][S::bytes] = {};
        for (uint32_t i = 0; i < 2 && r + i < row_count; ++i)
          memcpy(pair[i], rows + (r + i) * row_stride,
                 rest / Format::block_columns * Format::block_bytes);
        sums.add(r, pair[0], pair[1]);
      }
    }
  for (uint32_t r = 0; r < row_count; ++r)
    for (unsigned v = 0; v < Count; ++v) y[v * y_stride + r] = sum(Floats<16>{sums.total[r][v]});
}

/// Count vectors from `vector` on. A function of its own for each number of them, as a compiler
/// that sees several together keeps less in registers (Zen 5, IQ1_M: one vector 1.3 times as fast).
template <class Format, unsigned Count>
__attribute__((noinline)) static void dot_vectors(const uint8_t* row, size_t row_stride,
                                                  uint32_t row_count, const quipu_activations* x,
                                                  uint32_t vector, float* y, size_t y_stride) {
  y += vector * y_stride;
  while (row_count) {
    const uint32_t count = row_count < 8 ? row_count : 8;
    dot_fours<Format, Count>(row, row_stride, count, x, vector, y, y_stride);
    row += count * row_stride;
    row_count -= count;
    y += count;
  }
}

/// Up to seven vectors together: beside four, two and one, three are 1.5 times as fast, five to
/// seven 1.1 to 1.7 times (Zen 5, IQ2_XS, IQ3_XXS and IQ1_M; Q2_0 is equal).
template <class Format>
requires(Format::in_fours) QUIPU_INLINE
    void dot(const void* rows, size_t row_stride, uint32_t row_count, const quipu_activations* x,
             float* y, size_t y_stride) {
  const auto vectors = [&]<unsigned Count>(uint32_t first) __attribute__((always_inline)) {
    dot_vectors<Format, Count>(static_cast<const uint8_t*>(rows), row_stride, row_count, x, first,
                               y, y_stride);
  };
  switch (x->count) {
  case 1:
    return vectors.template operator()<1>(0);
  case 2:
    return vectors.template operator()<2>(0);
  case 3:
    return vectors.template operator()<3>(0);
  case 4:
    return vectors.template operator()<4>(0);
  case 5:
    return vectors.template operator()<5>(0);
  case 6:
    return vectors.template operator()<6>(0);
  case 7:
    return vectors.template operator()<7>(0);
  default:
    vectors.template operator()<4>(0);
    vectors.template operator()<4>(4);
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
