// The tile with AVX-VNNI. For tile_kernels.cpp only. Sums are those of the AVX2 tile to the last
// bit: only the integers are had faster (Zen 5: 1.2 times as fast with bytes up to 31, 1.7 with
// bytes up to 127, 2.1 with larger ones).
#pragma once

#include <immintrin.h>

#include "matmul/sums_avx2.h"
#include "matmul/tile_rows.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

constexpr uint32_t most_tokens = 6;

// Up to three rows times 16 weight rows in two vectors: six sums of integers and six of floats.
template <int Tokens, int Group, bool Minimum>
static void tile_part(const TileInput& x, const PanelView& p, int half,
                      const TileOutput& out) noexcept {
  __m256 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sum(out, t, 16 * half + 8 * v); });
  });
  const uint8_t* w = p.q + 64 * half;
  const int8_t* q = x.q;
  for (uint32_t g = 0; g < p.columns / Group; ++g, q += Group) {
    __m256i dot[Tokens][2];
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      dot[t][0] = dot[t][1] = _mm256_set1_epi32(-p.zero * x.total[t * x.total_stride + g]);
    });
    each<Group / 4>([&](auto quad) QUIPU_IN_LINE {
      const auto* const weights = reinterpret_cast<const __m256i*>(w);
      const __m256i w0 = _mm256_loadu_si256(weights), w1 = _mm256_loadu_si256(weights + 1);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        const __m256i four = broadcast4(q + t * x.q_stride + 4 * quad);
        dot[t][0] = _mm256_dpbusd_avx_epi32(dot[t][0], w0, four);
        dot[t][1] = _mm256_dpbusd_avx_epi32(dot[t][1], w1, four);
      });
      w += panel_rows * 4;
    });
    each<2>([&](auto v) QUIPU_IN_LINE {
      const size_t at = g * panel_rows + 16 * half + 8 * v;
      const __m256 scale = _mm256_loadu_ps(p.scale + at);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        const __m256 both =
            _mm256_mul_ps(scale, _mm256_set1_ps(x.scale[t * x.scale_stride + g * Group / 32]));
        sum[t][v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[t][v]), both, sum[t][v]);
      });
      if constexpr (Minimum) {
        const __m256 minimum = _mm256_loadu_ps(p.minimum + at);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          sum[t][v] =
              _mm256_fmadd_ps(minimum, _mm256_set1_ps(x.sum[t * x.sum_stride + g]), sum[t][v]);
        });
      }
    });
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { store_sum(out, t, 16 * half + 8 * v, sum[t][v]); });
  });
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr int first = Tokens < 3 ? Tokens : 3;
  for (int half = 0; half < 2; ++half) tile_part<first, Group, Minimum>(x, p, half, out);
  if constexpr (first < Tokens)
    tile_rows<Tokens - first, Group, Minimum>(from_row(x, first), p, from_row(out, first));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
