// Panels, with AVX2, of formats in fours: rows become bytes as for dot products, 256 columns at a
// time, and then go across. What 16 rows have of a few columns costs more to find out.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// 256 columns of 16 rows on their way to a panel.
template <class Format>
struct FourRows {
  using S = Stretch<Format>;
  static constexpr unsigned rows = 16;
  alignas(32) uint8_t q[rows][256];
  alignas(32) float scale[rows][S::groups];

  QUIPU_INLINE_MEMBER void set(unsigned row, const uint8_t* first, const uint8_t* second) {
    set(row, first);
    set(row + 1, second);
  }
  QUIPU_INLINE_MEMBER void set(unsigned row, const uint8_t* stretch) {
    store_values<Format>(stretch, q[row]);
    typename S::Numbers scales, minima;
    S::scales(stretch, S::columns, scales, minima);
    store(scale[row], scales);
  }

  QUIPU_INLINE_MEMBER void store_columns(unsigned columns, uint8_t* to, size_t quad_stride) const {
    for (unsigned piece = 0; piece < columns / 16; ++piece)
      store(to + 4 * piece * quad_stride, quad_stride, load_tile(q[0] + 16 * piece, sizeof q[0]));
  }

  QUIPU_INLINE_MEMBER void store_scales(unsigned columns, float* to, size_t group_stride) const {
    const unsigned groups = columns / Format::group;
    for (unsigned g = 0; g < groups; g += 4) {
      const Tile tile = load_tile(reinterpret_cast<const uint8_t*>(scale[0] + g), sizeof scale[0]);
      for (unsigned i = 0; i < 4 && g + i < groups; ++i)
        store(to + (g + i) * group_stride, Floats<16>{_mm256_castsi256_ps(tile.v[2 * i]),
                                                      _mm256_castsi256_ps(tile.v[2 * i + 1])});
    }
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

#include "quipu/sdk/kernel_fours_panel.h"
