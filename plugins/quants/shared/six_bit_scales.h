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
  using namespace quipu::sdk::kernel;
  const auto sm = load_word<uint64_t>(block + 4);  // S and M
  const uint64_t t = load_word<uint32_t>(block + 12);
  const uint64_t low = sm & 0x3f3f3f3f3f3f3f3f;
  const uint64_t high = ((t | t << 28) & 0x0f0f0f0f0f0f0f0f) | ((sm >> 2) & 0x3030303030303030);
  const auto factors = load_halves(block);
  out.set_scales(factors.first, (low & 0xffffffff) | high << 32);
  out.set_minima(-factors.second, low >> 32 | (high >> 32) << 32);
}

}  // namespace
