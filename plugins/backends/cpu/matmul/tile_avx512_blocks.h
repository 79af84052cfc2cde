// The tile with AVX-512 and VNNI where 256 columns share a scale. For tile_kernels.cpp only.
#pragma once

#include "matmul/tile_avx512.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

// Sums of 256 columns are in units of the panel's scale; those of all columns are touched once for
// each block and stay in memory. That leaves one multiplication of floats for 8 of bytes (88 % of
// the integer peak), and one more for each group with a minimum (groups of 16: 72 %).
//
// Minima as integers do not pay. Times the activations' sums they come to the same number of
// multiplications, as the scale of these is per 32 columns. In units of the panel's scale, so that
// the products join those of the bytes before they are scaled, 15 bits are 1.06 times as fast in
// cache but too coarse (8e-6 of a product's terms); with what is whole of them in the bytes they
// are fine enough, and as fast as floats once the bytes are made.
template <int Tokens, int Group, bool Minimum, bool Zero>
static void sum_blocks(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  const Offsets<Zero ? Tokens : 0, 32> offsets(x, p);
  Place<Tokens, 32, false, Zero> at(x, p, offsets);
  Rows<float, 2> x_sum(x.sum, x.sum_stride);
  const float *scale = p.scale, *minimum = p.minimum;
  const uint32_t blocks = p.columns / 256;
  for (uint32_t block = 0; block < blocks; ++block, scale += panel_rows) {
    __m512 scaled[Tokens][2];
    each<Tokens>([&](auto t) QUIPU_IN_LINE { scaled[t][0] = scaled[t][1] = _mm512_setzero_ps(); });
    for (int part = 0; part < 8; ++part, at.next()) {
      __m512i dot[Tokens][2];
      at.multiply(0, dot);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        const __m512 x_scale = _mm512_set1_ps(*at.x_scale[t]);
        each<2>([&](auto v) QUIPU_IN_LINE {
          scaled[t][v] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[t][v]), x_scale, scaled[t][v]);
        });
      });
    }

    __m512 sum[Tokens][2];
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      each<2>([&](auto v) QUIPU_IN_LINE {
        const float* const before = out.c + t * out.c_stride + 16 * v;
        sum[t][v] = _mm512_fmadd_ps(scaled[t][v], group_of(scale, 0, v),
                                    block > 0 || out.continues ? _mm512_loadu_ps(before)
                                                               : _mm512_setzero_ps());
      });
    });
    if constexpr (Minimum)
      for (int g = 0; g < 256 / Group; ++g, minimum += panel_rows, x_sum.next(1)) {
        const __m512 low = group_of(minimum, 0, 0), high = group_of(minimum, 0, 1);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m512 of_x = _mm512_set1_ps(*x_sum[t]);
          sum[t][0] = _mm512_fmadd_ps(low, of_x, sum[t][0]);
          sum[t][1] = _mm512_fmadd_ps(high, of_x, sum[t][1]);
        });
      }
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      each<2>([&](auto v) QUIPU_IN_LINE {
        if (block + 1 < blocks)
          _mm512_storeu_ps(out.c + t * out.c_stride + 16 * v, sum[t][v]);
        else
          store_sums(out, t, v, sum[t][v]);
      });
    });
  }
}

template <int Tokens>
static void block_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  if (!p.minimum)
    return p.zero ? sum_blocks<Tokens, 32, false, true>(x, p, out)
                  : sum_blocks<Tokens, 32, false, false>(x, p, out);
  if (p.group == 16)
    return p.zero ? sum_blocks<Tokens, 16, true, true>(x, p, out)
                  : sum_blocks<Tokens, 16, true, false>(x, p, out);
  return p.zero ? sum_blocks<Tokens, 32, true, true>(x, p, out)
                : sum_blocks<Tokens, 32, true, false>(x, p, out);
}

static void tile_of_blocks(uint32_t tokens, const TileInput& x, const PanelView& p,
                           const TileOutput& out) noexcept {
  switch (tokens) {
  case 1:
    return block_rows<1>(x, p, out);
  case 2:
    return block_rows<2>(x, p, out);
  case 3:
    return block_rows<3>(x, p, out);
  case 4:
    return block_rows<4>(x, p, out);
  default:
    return block_rows<most_tokens>(x, p, out);
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
