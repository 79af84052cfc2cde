// The header that Q4_K and Q5_K share: 8 groups of 32 weights, each with a 6-bit scale s and
// minimum m.
//
//   byte   0 1      2 3     4 .. 7     8 .. 11    12 ... 15
//        [scale][lowest][ S0 … S3 ][ M0 … M3 ][ T0 … T3 ]     w = scale * s * q - lowest * m
//
//   s0…s3 = S & 63, s4…s7 = T & 15 | S >> 6 << 4;    m0…m3 = M & 63, m4…m7 = T >> 4 | M >> 6 << 4
//
// Layout source: GGUF specification, ggml types 12 and 13.
#pragma once

#include "quipu/sdk/kernel.h"

namespace {

template <class Scales>
__attribute__((always_inline)) inline void six_bit_scales(const uint8_t* block, Scales& out) {
  uint32_t s, m, t;
  memcpy(&s, block + 4, 4);
  memcpy(&m, block + 8, 4);
  memcpy(&t, block + 12, 4);
  const uint64_t s_high = (t & 0x0f0f0f0f) | ((s >> 2) & 0x30303030);
  const uint64_t m_high = ((t >> 4) & 0x0f0f0f0f) | ((m >> 2) & 0x30303030);
  out.set_scales(quipu::sdk::kernel::load_half(block), (s & 0x3f3f3f3f) | s_high << 32);
  out.set_minima(-quipu::sdk::kernel::load_half(block + 2), (m & 0x3f3f3f3f) | m_high << 32);
}

}  // namespace
