// Writes the header of six_bit_scales.h.
#pragma once

#include "offset_block.h"

namespace {

inline void pack_six_bit(const OffsetBlock<8>& block, std::uint8_t* out) {
  quipu::sdk::put_half(block.scale, out);
  quipu::sdk::put_half(block.lowest, out + 2);
  for (int g = 0; g < 4; ++g) {
    const auto s = block.s[g + 4], m = block.m[g + 4];
    out[4 + g] = static_cast<std::uint8_t>(block.s[g] | s >> 4 << 6);
    out[8 + g] = static_cast<std::uint8_t>(block.m[g] | m >> 4 << 6);
    out[12 + g] = static_cast<std::uint8_t>((s & 15) | m << 4);
  }
}

}  // namespace
