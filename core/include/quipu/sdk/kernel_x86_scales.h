// Scales of blocks, for AVX2 and AVX-512: of successive blocks of a row, or of one block of 16
// rows.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// Halves at `offset` of eight blocks of `bytes` bytes, `stride` bytes apart; zero, and not read,
/// from `count` on. Formats with two halves side by side get both from one load.
QUIPU_INLINE __m128i gather_halves(const uint8_t* blocks, size_t stride, unsigned bytes,
                                   unsigned offset, unsigned count = 8) {
  const unsigned at = (offset & ~3u) + 4 <= bytes ? offset & ~3u : bytes - 4;
  const __m256i words = gather_dwords(blocks + at, stride, count);
  return lower_halves(offset > at ? _mm256_srli_epi32(words, int(8 * (offset - at))) : words);
}

/// The bytes at `offset`, as dwords, in the same way.
QUIPU_INLINE __m256i gather_bytes(const uint8_t* blocks, size_t stride, unsigned bytes,
                                  unsigned offset, unsigned count = 8) {
  const unsigned at = offset + 4 <= bytes ? offset : bytes - 4;
  const __m256i words = gather_dwords(blocks + at, stride, count);
  return _mm256_and_si256(_mm256_srli_epi32(words, int(8 * (offset - at))), _mm256_set1_epi32(255));
}

QUIPU_INLINE __m256 from_e8m0(__m256i bytes) {
  return _mm256_castsi256_ps(
      _mm256_max_epi32(_mm256_slli_epi32(bytes, 23), _mm256_set1_epi32(0x00400000)));
}

/// Of eight 16-bit lanes. A half has the same bits of mantissa above, and an exponent that is 8
/// larger; subnormal numbers are none to the multiplication.
QUIPU_INLINE __m256 from_e4m3(__m128i bytes) {
  const __m128i is_nan = _mm_cmpeq_epi16(bytes, _mm_set1_epi16(127));
  const __m128i halves =
      _mm_slli_epi16(_mm_and_si128(_mm_andnot_si128(is_nan, bytes), _mm_set1_epi16(127)), 7);
  return _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(256));
}

/// `count` successive blocks of a row, at most as many as 256 columns have.
template <class Format>
struct RowBlocks {
  const uint8_t* stretch;
  unsigned count;
  static constexpr unsigned bytes = Format::block_bytes;

  QUIPU_INLINE_MEMBER Floats<8> half(unsigned offset) const {
    if constexpr (blocks == 8)
      if (count >= 8) return {_mm256_cvtph_ps(eight_halves<bytes>(stretch, offset))};
    return of_groups(_mm256_cvtph_ps(gather_halves(stretch, bytes, bytes, offset, limited())));
  }
  QUIPU_INLINE_MEMBER Floats<8> single(unsigned offset) const {
    return of_groups(_mm256_castsi256_ps(gather_dwords(stretch + offset, bytes, limited())));
  }
  QUIPU_INLINE_MEMBER Floats<8> e8m0(unsigned offset) const {
    return of_groups(from_e8m0(gather_bytes(stretch, bytes, bytes, offset, limited())));
  }
  QUIPU_INLINE_MEMBER Floats<16> e4m3_of_groups(unsigned offset) const {
    static_assert(Format::block_columns / Format::group == 4);
    const __m128i all = _mm256_castsi256_si128(gather_dwords(stretch + offset, bytes, limited()));
    return join(from_e4m3(_mm_cvtepu8_epi16(all)),
                from_e4m3(_mm_cvtepu8_epi16(_mm_srli_si128(all, 8))));
  }

 private:
  static constexpr unsigned blocks = 256 / Format::block_columns;
  QUIPU_INLINE_MEMBER unsigned limited() const { return count < blocks ? count : blocks; }
  QUIPU_INLINE_MEMBER static Floats<8> of_groups(__m256 of_blocks) {
    constexpr int n = 8 / blocks;
    if constexpr (n == 1) return {of_blocks};
    return {_mm256_permutevar8x32_ps(
        of_blocks, _mm256_setr_epi32(0, 1 / n, 2 / n, 3 / n, 4 / n, 5 / n, 6 / n, 7 / n))};
  }
};

/// The same block of 16 rows.
template <class Format>
struct ColumnBlocks {
  const uint8_t* block;
  size_t row_stride;
  unsigned group = 0;
  static constexpr unsigned bytes = Format::block_bytes;

  template <class Eight>
  QUIPU_INLINE_MEMBER Floats<16> both(Eight eight) const {
    return join(eight(block, row_stride), eight(block + 8 * row_stride, row_stride));
  }
  QUIPU_INLINE_MEMBER Floats<16> half(unsigned offset) const {
    return both([=](const uint8_t* rows, size_t stride) __attribute__((always_inline)) {
      return _mm256_cvtph_ps(gather_halves(rows, stride, bytes, offset));
    });
  }
  QUIPU_INLINE_MEMBER Floats<16> single(unsigned offset) const {
    return both([=](const uint8_t* rows, size_t stride) __attribute__((always_inline)) {
      return _mm256_castsi256_ps(gather_dwords(rows + offset, stride, 8));
    });
  }
  QUIPU_INLINE_MEMBER Floats<16> e8m0(unsigned offset) const {
    return both([=](const uint8_t* rows, size_t stride) __attribute__((always_inline)) {
      return from_e8m0(gather_bytes(rows, stride, bytes, offset));
    });
  }
  /// The groups of a block have theirs from the same loads.
  QUIPU_INLINE_MEMBER Floats<16> e4m3_of_groups(unsigned first) const {
    static_assert(Format::block_columns / Format::group == 4);
    const int skipped = int(8 * group);
    return both([=](const uint8_t* rows, size_t stride) __attribute__((always_inline)) {
      const __m256i all = _mm256_srli_epi32(gather_dwords(rows + first, stride, 8), skipped);
      return from_e4m3(lower_halves(_mm256_and_si256(all, _mm256_set1_epi32(255))));
    });
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
