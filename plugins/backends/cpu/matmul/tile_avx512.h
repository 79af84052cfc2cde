// The tile with AVX-512 and VNNI. For tile_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/tile_rows.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

static inline __m512i broadcast4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return _mm512_set1_epi32(four);
}

using quipu::sdk::each;

// Up to six rows by two vectors of 16 weight rows, so that each activation is read once for two
// products: 12 integer accumulators and 12 sums. The zero point goes into the start value of the
// accumulators. The activations' scales are per 32 columns, so two groups of 16 share one
// multiplication by it; the sums of 32 columns leave registers for three rows at a time.
template <int Tokens, int Group, bool Minimum>
static void tile_part(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr int parts = 32 / Group;
  __m512 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      sum[t][v] =
          out.continues ? _mm512_loadu_ps(out.c + t * out.c_stride + 16 * v) : _mm512_setzero_ps();
    });
  });
  const uint8_t* w = p.q;
  const int8_t* q = x.q;
  for (uint32_t block = 0; block < p.columns / 32; ++block, w += 8 * 128, q += 32) {
    __m512 scaled[Tokens][2];
    each<parts>([&](auto part) QUIPU_IN_LINE {
      const uint32_t g = block * parts + part;
      __m512i dot[Tokens][2];
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        dot[t][0] = dot[t][1] = _mm512_set1_epi32(-p.zero * x.total[t * x.sum_stride + g]);
      });
      each<Group / 4>([&](auto number) QUIPU_IN_LINE {
        const int quad = part * (Group / 4) + number;
        const __m512i w0 = _mm512_loadu_si512(w + quad * 128);
        const __m512i w1 = _mm512_loadu_si512(w + quad * 128 + 64);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m512i four = broadcast4(q + t * x.q_stride + 4 * quad);
          dot[t][0] = _mm512_dpbusd_epi32(dot[t][0], w0, four);
          dot[t][1] = _mm512_dpbusd_epi32(dot[t][1], w1, four);
        });
      });
      each<2>([&](auto v) QUIPU_IN_LINE {
        const __m512 scale = _mm512_loadu_ps(p.scale + g * panel_rows + 16 * v);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m512 d = _mm512_cvtepi32_ps(dot[t][v]);
          auto& s = sum[t][v];
          if constexpr (parts == 1)
            s = _mm512_fmadd_ps(
                d, _mm512_mul_ps(scale, _mm512_set1_ps(x.scale[t * x.scale_stride + block])), s);
          else
            scaled[t][v] =
                part == 0 ? _mm512_mul_ps(d, scale) : _mm512_fmadd_ps(d, scale, scaled[t][v]);
        });
        if constexpr (Minimum) {
          const __m512 minimum = _mm512_loadu_ps(p.minimum + g * panel_rows + 16 * v);
          each<Tokens>([&](auto t) QUIPU_IN_LINE {
            auto& s = sum[t][v];
            s = _mm512_fmadd_ps(minimum, _mm512_set1_ps(x.sum[t * x.sum_stride + g]), s);
          });
        }
      });
    });
    if constexpr (parts == 2)
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        const __m512 scale = _mm512_set1_ps(x.scale[t * x.scale_stride + block]);
        each<2>([&](auto v)
                    QUIPU_IN_LINE { sum[t][v] = _mm512_fmadd_ps(scaled[t][v], scale, sum[t][v]); });
      });
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      auto& s = sum[t][v];
      if (!out.y) return _mm512_storeu_ps(out.c + t * out.c_stride + 16 * v, s);
      if (out.bias) s = _mm512_add_ps(s, _mm512_loadu_ps(out.bias + 16 * v));
      if (out.addend)
        s = _mm512_add_ps(s, _mm512_loadu_ps(out.addend + t * out.addend_stride + 16 * v));
      _mm512_storeu_ps(out.y + t * out.y_stride + 16 * v, s);
    });
  });
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr int first = Group == 32 || Tokens <= 3 ? Tokens : 3;
  tile_part<first, Group, Minimum>(x, p, out);
  if constexpr (first < Tokens)
    tile_part<Tokens - first, Group, Minimum>(from_row(x, first), p, from_row(out, first));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
