// Panels, with AVX-512, of formats where one byte tells four successive columns: what the dot
// products of kernel_avx512_fours.h multiply, 256 columns of two rows at a time, brought from
// columns j, j + 4, j + 8 ... into order and across 16 rows.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// 256 columns of 16 rows on their way to a panel.
template <class Format>
struct FourRows {
  static constexpr unsigned rows = 16;
  alignas(64) uint8_t q[rows][256];  // lane l of vector n: columns 64 l + 16 n to 64 l + 16 n + 15
  alignas(64) float scale[rows][16];

  QUIPU_INLINE_MEMBER void set(unsigned row, const uint8_t* first, const uint8_t* second) {
    const Fours fours = Format::values(FourPieces<Format>{{first, second}});
    for (unsigned i = 0; i < 2; ++i) {
      const __m512i(&v)[4] = fours.v[i];
      const __m512i low = _mm512_unpacklo_epi8(v[0], v[1]), high = _mm512_unpackhi_epi8(v[0], v[1]);
      const __m512i next_low = _mm512_unpacklo_epi8(v[2], v[3]),
                    next_high = _mm512_unpackhi_epi8(v[2], v[3]);
      _mm512_store_si512(q[row + i], _mm512_unpacklo_epi16(low, next_low));
      _mm512_store_si512(q[row + i] + 64, _mm512_unpackhi_epi16(low, next_low));
      _mm512_store_si512(q[row + i] + 128, _mm512_unpacklo_epi16(high, next_high));
      _mm512_store_si512(q[row + i] + 192, _mm512_unpackhi_epi16(high, next_high));
      _mm512_store_ps(scale[row + i], scales_of_fours<Format>(i ? second : first));
    }
  }

  QUIPU_INLINE_MEMBER void store_columns(unsigned columns, uint8_t* to, size_t quad_stride) const {
    for (unsigned piece = 0; piece < columns / 16; ++piece)
      store(to + 4 * piece * quad_stride, quad_stride,
            load_tile(q[0] + piece % 4 * 64 + piece / 4 * 16, sizeof q[0]));
  }

  QUIPU_INLINE_MEMBER void store_scales(unsigned columns, float* to, size_t group_stride) const {
    constexpr unsigned lanes = Format::group / 16;  // of which the first has the scale
    for (unsigned four = 0; four < (columns + 63) / 64; ++four) {
      const Tile tile =
          load_tile(reinterpret_cast<const uint8_t*>(scale[0] + 4 * four), sizeof scale[0]);
      for (unsigned l = 0; l < 4 && 64 * four + 16 * l < columns; l += lanes)
        _mm512_storeu_ps(to + (4 * four + l) / lanes * group_stride,
                         _mm512_castsi512_ps(tile.v[l]));
    }
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#include "quipu/sdk/kernel_fours_panel.h"
