// Panels of formats in fours: FourRows, which an instruction set has, takes rows two by two.
#pragma once

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

template <class Format>
requires(Format::in_fours) QUIPU_INLINE
    void unpack(const void* rows, size_t row_stride, uint32_t first, uint32_t count,
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

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk
