// The tile with NEON, and with its products of matrices. For tile_kernels.cpp only.
#pragma once

#include <arm_neon.h>

#include "matmul/tile_rows.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t most_tokens = 6;

// Dot products of a group's bytes, for two vectors of four weight rows. w: the group's first quad,
// at those rows; q: the first token's columns.
template <int Tokens, int Group>
struct Dots {
  int32x4_t sum[Tokens][2];

#if defined(QUIPU_KERNEL_I8MM)

  // What the bytes are less than they are taken for.
  static constexpr int32_t excess = 0;

  // Two tokens by two weight rows by eight columns in one instruction. An odd token is its own
  // pair.
  Dots(const uint8_t* w, const int8_t* q, size_t q_stride) noexcept {
    constexpr int pairs = (Tokens + 1) / 2;
    int32x4_t dot[pairs][4];
    for (auto& pair : dot)
      for (int32x4_t& two_rows : pair) two_rows = vdupq_n_s32(0);
    for (int j = 0; j < Group; j += 8, w += 2 * panel_rows * 4) {
      uint8x16_t rows[4];
      for (int v = 0; v < 2; ++v) {
        const auto first = vreinterpretq_u32_u8(vld1q_u8(w + 16 * v));
        const auto second = vreinterpretq_u32_u8(vld1q_u8(w + 16 * v + panel_rows * 4));
        rows[2 * v] = vreinterpretq_u8_u32(vzip1q_u32(first, second));
        rows[2 * v + 1] = vreinterpretq_u8_u32(vzip2q_u32(first, second));
      }
      for (int pair = 0; pair < pairs; ++pair) {
        const int other = 2 * pair + 1 < Tokens ? 2 * pair + 1 : 2 * pair;
        const int8x16_t tokens =
            vcombine_s8(vld1_s8(q + 2 * pair * q_stride + j), vld1_s8(q + other * q_stride + j));
        for (int two = 0; two < 4; ++two)
          dot[pair][two] = vusmmlaq_s32(dot[pair][two], rows[two], tokens);
      }
    }
    for (int t = 0; t < Tokens; ++t)
      for (int v = 0; v < 2; ++v)
        sum[t][v] = t % 2 ? vuzp2q_s32(dot[t / 2][2 * v], dot[t / 2][2 * v + 1])
                          : vuzp1q_s32(dot[t / 2][2 * v], dot[t / 2][2 * v + 1]);
  }

#else

  // Bytes are signed to the instruction: it gets them less 128.
  static constexpr int32_t excess = 128;

  Dots(const uint8_t* w, const int8_t* q, size_t q_stride) noexcept {
    for (auto& token : sum)
      for (int32x4_t& rows : token) rows = vdupq_n_s32(0);
    for (int j = 0; j < Group; j += 4, w += panel_rows * 4) {
      int8x16_t rows[2];
      for (int v = 0; v < 2; ++v)
        rows[v] = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(w + 16 * v), vdupq_n_u8(128)));
      for (int t = 0; t < Tokens; ++t) {
        int32_t four;
        __builtin_memcpy(&four, q + t * q_stride + j, sizeof four);
        const int8x16_t columns = vreinterpretq_s8_s32(vdupq_n_s32(four));
        for (int v = 0; v < 2; ++v) sum[t][v] = vdotq_s32(sum[t][v], rows[v], columns);
      }
    }
  }

#endif
};

// Up to four rows by two vectors of weight rows.
template <int Tokens, int Group, bool Minimum>
static void tile_part(const TileInput& x, const PanelView& p, uint32_t row,
                      const TileOutput& out) noexcept {
  float32x4_t sum[Tokens][2];
  for (int t = 0; t < Tokens; ++t)
    for (int v = 0; v < 2; ++v)
      sum[t][v] =
          out.continues ? vld1q_f32(out.c + t * out.c_stride + row + 4 * v) : vdupq_n_f32(0);
  for (uint32_t g = 0; g < p.columns / Group; ++g) {
    using Products = Dots<Tokens, Group>;
    const Products dots(p.q + g * (Group / 4) * panel_rows * 4 + 4 * row, x.q + g * Group,
                        x.q_stride);
    const float* const scale = p.scale + g * panel_rows + row;
    for (int t = 0; t < Tokens; ++t) {
      const int32x4_t start =
          vdupq_n_s32((Products::excess - p.zero) * x.total[t * x.total_stride + g]);
      const float of_token = x.scale[t * x.scale_stride + g * Group / 32];
      for (int v = 0; v < 2; ++v) {
        sum[t][v] = vfmaq_f32(sum[t][v], vcvtq_f32_s32(vaddq_s32(dots.sum[t][v], start)),
                              vmulq_n_f32(vld1q_f32(scale + 4 * v), of_token));
        if constexpr (Minimum)
          sum[t][v] = vfmaq_n_f32(sum[t][v], vld1q_f32(p.minimum + g * panel_rows + row + 4 * v),
                                  x.sum[t * x.sum_stride + g]);
      }
    }
  }
  for (int t = 0; t < Tokens; ++t)
    for (int v = 0; v < 2; ++v) {
      const uint32_t at = row + 4 * v;
      float32x4_t s = sum[t][v];
      if (out.y && out.bias) s = vaddq_f32(s, vld1q_f32(out.bias + at));
      if (out.y && out.addend) s = vaddq_f32(s, vld1q_f32(out.addend + t * out.addend_stride + at));
      vst1q_f32((out.y ? out.y + t * out.y_stride : out.c + t * out.c_stride) + at, s);
    }
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr int first = Tokens < 4 ? Tokens : 4;
  for (uint32_t row = 0; row < panel_rows; row += 8)
    tile_part<first, Group, Minimum>(x, p, row, out);
  if constexpr (first < Tokens)
    tile_rows<Tokens - first, Group, Minimum>(from_row(x, first), p, from_row(out, first));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
