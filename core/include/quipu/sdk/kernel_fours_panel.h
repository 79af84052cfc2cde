// Panels of formats in fours: FourRows, which an instruction set has, takes rows two by two.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

/// A function of its own: what unpacks other formats is put in place down to the last call, which
/// makes this slower (Zen 5, IQ2_XS: 1.3 times with AVX-512, 1.6 times with AVX2).
template <class Format>
__attribute__((noinline)) static void unpack_fours(const void* rows, size_t row_stride,
                                                   uint32_t first, uint32_t count,
                                                   const quipu_panel* panel) {
  using S = Stretch<Format>;
  static_assert(!Format::has_minimum && !WholeBlocks<Format>::possible);
  const auto* row =
      static_cast<const uint8_t*>(rows) + first / Format::block_columns * Format::block_bytes;
  uint8_t* q = panel->q;
  float* scale = panel->scale;
  for (uint32_t column = 0; column < count; column += S::columns, row += S::bytes) {
    const unsigned columns = count - column < S::columns ? count - column : S::columns;
    FourRows<Format> part;
    for (unsigned r = 0; r < part.rows; r += 2) {
      const uint8_t* pair[] = {row + r * row_stride, row + (r + 1) * row_stride};
      uint8_t rest[2][S::bytes];
      if (Format::block_columns < S::columns && columns < S::columns)
        for (unsigned i = 0; i < 2; ++i) {
          const unsigned bytes = columns / Format::block_columns * Format::block_bytes;
          memset(rest[i], 0, sizeof rest[i]);
          memcpy(rest[i], pair[i], bytes);
          pair[i] = rest[i];
        }
      part.set(r, pair[0], pair[1]);
    }
    part.store_columns(columns, q, panel->quad_stride);
    part.store_scales(columns, scale, panel->group_stride);
    q += S::columns / 4 * panel->quad_stride;
    scale += S::groups * panel->group_stride;
  }
}

template <class Format>
requires(Format::in_fours) QUIPU_INLINE
    void unpack(const void* rows, size_t row_stride, uint32_t first, uint32_t count,
                const quipu_panel* panel) {
  unpack_fours<Format>(rows, row_stride, first, count, panel);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
