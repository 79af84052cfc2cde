// The tile with AVX-VNNI, and with AVX-512 VNNI where that has no VBMI. For tile_kernels.cpp only.
// Sums are those of the AVX2 tile to the last bit: only the integers are had faster (Zen 5: 1.2
// times as fast with bytes up to 31, 1.7 with bytes up to 127, 2.1 with larger ones; on 512
// bits 2.3 to 4.2 times).
#pragma once

#include <immintrin.h>

#include "matmul/tile_rows.h"
#include "matmul/vectors_avx2.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

constexpr uint32_t most_tokens = 6;

/// Adds sums of four products of an unsigned and a signed byte.
static inline Integers multiply_fours(Integers sum, Integers w, Integers x) {
#if defined(__AVX512VNNI__)
  return _mm512_dpbusd_epi32(sum, w, x);
#else
  return _mm256_dpbusd_avx_epi32(sum, w, x);
#endif
}

// A few rows times two vectors of weight rows: two sums of integers and two of floats for each.
template <int Tokens, int Group, bool Minimum>
static void tile_part(const TileInput& x, const PanelView& p, int half,
                      const TileOutput& out) noexcept {
  Floats sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sum(out, t, two * half + lanes * v); });
  });
  const uint8_t* w = p.q + 4 * two * half;
  const int8_t* q = x.q;
  for (uint32_t g = 0; g < p.columns / Group; ++g, q += Group) {
    Integers dot[Tokens][2];
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      dot[t][0] = dot[t][1] = all32(-p.zero * x.total[t * x.total_stride + g]);
    });
    each<Group / 4>([&](auto quad) QUIPU_IN_LINE {
      const Integers w0 = load_bytes(w), w1 = load_bytes(w + 4 * lanes);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        const Integers four = broadcast4(q + t * x.q_stride + 4 * quad);
        dot[t][0] = multiply_fours(dot[t][0], w0, four);
        dot[t][1] = multiply_fours(dot[t][1], w1, four);
      });
      w += panel_rows * 4;
    });
    add_group<Tokens, Group, Minimum>(x, p, g, half, dot, sum);
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { store_sum(out, t, two * half + lanes * v, sum[t][v]); });
  });
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  // Vectors of 512 bits come with twice as many registers.
  constexpr int most = lanes == 16 ? 6 : 3, first = Tokens < most ? Tokens : most;
  for (int half = 0; half < half_count; ++half) tile_part<first, Group, Minimum>(x, p, half, out);
  if constexpr (first < Tokens)
    tile_rows<Tokens - first, Group, Minimum>(from_row(x, first), p, from_row(out, first));
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
