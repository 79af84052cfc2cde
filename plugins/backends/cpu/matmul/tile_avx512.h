// The tile with AVX-512 and VNNI. For tile_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/kernels.h"
#include "matmul/rows.h"
#include "matmul/sums_avx512.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

// Five rows by two vectors of weight rows take 10 integer accumulators and 10 sums, with registers
// to spare. Of the integer peak, which scales bound to 80 %, groups of 32 reach 79 % in the loop
// and 75 % with what a tile begins and ends with; six rows 76 and 73 % (Zen 5, in cache).
constexpr uint32_t most_tokens = 5;

// What a zero point takes off the dot products of each token and group. All at once, as single
// numbers need a move from an integer register each. Without a zero point there is nothing: Tokens
// is 0.
template <int Tokens, int Group>
struct Offsets {
  static constexpr int groups = panel_columns / Group;
  alignas(64) int32_t v[Tokens ? Tokens : 1][groups];

  Offsets(const TileInput& x, const PanelView& p) {
    const __m512i zero = _mm512_set1_epi32(-p.zero);
    const uint32_t count = p.columns / Group;
    if constexpr (Tokens > 0)
      for (uint32_t g = 0; g < count; g += 16) {
        const auto some = static_cast<__mmask16>((1u << (count - g < 16 ? count - g : 16)) - 1);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const int32_t* const total = x.total + t * x.total_stride + g;
          _mm512_store_si512(v[t] + g,
                             _mm512_mullo_epi32(_mm512_maskz_loadu_epi32(some, total), zero));
        });
      }
  }
};

// Where a tile is: one block of 32 columns after another.
template <int Tokens, int Group, bool Minimum, bool Zero>
struct Place {
  static constexpr int groups = 32 / Group, all_groups = panel_columns / Group;
  const uint8_t* w;
  const float *scale, *minimum;
  Rows<int8_t, 2> q;
  Rows<float, 2> x_scale, x_sum;
  const int32_t* offset;

  Place(const TileInput& x, const PanelView& p, const Offsets<Zero ? Tokens : 0, Group>& offsets)
      : w(p.q), scale(p.scale), minimum(p.minimum), q(x.q, x.q_stride),
        x_scale(x.scale, x.scale_stride), x_sum(x.sum, x.sum_stride), offset(offsets.v[0]) {}

  QUIPU_IN_LINE void next() {
    w += 32 * panel_rows;
    scale += groups * panel_rows;
    q.next(32);
    x_scale.next(1);
    if constexpr (Minimum) {
      minimum += groups * panel_rows;
      x_sum.next(groups);
    }
    if constexpr (Zero) offset += groups;
  }

  // The dot products of group `part` of the block.
  QUIPU_IN_LINE void multiply(int part, __m512i (&dot)[Tokens][2]) const {
    // A tile need not wait for what is added last before it begins, but that takes registers, which
    // groups of 16 lack (Zen 5, IQ4_NL 1.02 times as fast, Q6_K 0.96 times).
    constexpr bool last = Group == 32;
    const auto more = [&](int t) QUIPU_IN_LINE {
      return _mm512_set1_epi32(offset[t * all_groups + part]);
    };
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      dot[t][0] = dot[t][1] = Zero && !last ? more(t) : _mm512_setzero_si512();
    });
    each<Group / 4>([&](auto number) QUIPU_IN_LINE {
      const int quad = part * (Group / 4) + number;
      const __m512i w0 = _mm512_loadu_si512(w + quad * 4 * panel_rows);
      const __m512i w1 = _mm512_loadu_si512(w + quad * 4 * panel_rows + 64);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        const __m512i four = broadcast4(q[t] + 4 * quad);
        dot[t][0] = _mm512_dpbusd_epi32(dot[t][0], w0, four);
        dot[t][1] = _mm512_dpbusd_epi32(dot[t][1], w1, four);
      });
    });
    if constexpr (Zero && last)
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        each<2>([&](auto v) QUIPU_IN_LINE { dot[t][v] = _mm512_add_epi32(dot[t][v], more(t)); });
      });
  }
};

QUIPU_IN_LINE static inline __m512 group_of(const float* numbers, int part, int v) {
  return _mm512_loadu_ps(numbers + part * panel_rows + 16 * v);
}

// Rows by two vectors of 16 weight rows, so that each activation is read once for two products.
template <int Tokens, bool Minimum, bool Zero>
static void sum_32(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  __m512 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sums(out, t, v); });
  });
  const Offsets<Zero ? Tokens : 0, 32> offsets(x, p);
  Place<Tokens, 32, Minimum, Zero> at(x, p, offsets);
  for (uint32_t block = 0; block < p.columns / 32; ++block, at.next()) {
    __m512i dot[Tokens][2];
    at.multiply(0, dot);
    each<2>([&](auto v) QUIPU_IN_LINE {
      const __m512 scale = group_of(at.scale, 0, v);
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        sum[t][v] =
            _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[t][v]),
                            _mm512_mul_ps(scale, _mm512_set1_ps(*at.x_scale[t])), sum[t][v]);
      });
      if constexpr (Minimum) {
        const __m512 minimum = group_of(at.minimum, 0, v);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          sum[t][v] = _mm512_fmadd_ps(minimum, _mm512_set1_ps(*at.x_sum[t]), sum[t][v]);
        });
      }
    });
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { store_sums(out, t, v, sum[t][v]); });
  });
}

// Two groups of 16 share one multiplication by the activations' scale, which is per 32 columns.
// With many rows what is scaled so far takes the registers of the sums, so these stay in memory.
template <int Tokens, bool Minimum, bool Zero>
static void sum_16(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr bool in_memory = Tokens > 3;
  const auto place = [c = out.c, stride = out.c_stride](int t, int v)
                         QUIPU_IN_LINE { return c + t * stride + 16 * v; };
  __m512 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      if constexpr (!in_memory)
        sum[t][v] = out.continues ? _mm512_loadu_ps(place(t, v)) : _mm512_setzero_ps();
      else if (!out.continues)
        _mm512_storeu_ps(place(t, v), _mm512_setzero_ps());
    });
  });
  const Offsets<Zero ? Tokens : 0, 16> offsets(x, p);
  Place<Tokens, 16, Minimum, Zero> at(x, p, offsets);
  for (uint32_t block = 0; block < p.columns / 32; ++block, at.next()) {
    __m512 scaled[Tokens][2];
    each<2>([&](auto part) QUIPU_IN_LINE {
      __m512i dot[Tokens][2];
      at.multiply(part, dot);
      each<2>([&](auto v) QUIPU_IN_LINE {
        const __m512 scale = group_of(at.scale, part, v);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m512 d = _mm512_cvtepi32_ps(dot[t][v]);
          scaled[t][v] =
              part == 0 ? _mm512_mul_ps(d, scale) : _mm512_fmadd_ps(d, scale, scaled[t][v]);
        });
      });
    });
    each<2>([&](auto v) QUIPU_IN_LINE {
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        auto& s = sum[t][v];
        if constexpr (in_memory) s = _mm512_loadu_ps(place(t, v));
        if constexpr (Minimum)
          each<2>([&](auto part) QUIPU_IN_LINE {
            const __m512 minimum = group_of(at.minimum, part, v);
            s = _mm512_fmadd_ps(minimum, _mm512_set1_ps(at.x_sum[t][part]), s);
          });
        s = _mm512_fmadd_ps(scaled[t][v], _mm512_set1_ps(*at.x_scale[t]), s);
        if constexpr (in_memory) _mm512_storeu_ps(place(t, v), s);
      });
    });
  }
  if (in_memory && !out.y) return;
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      if constexpr (in_memory) sum[t][v] = _mm512_loadu_ps(place(t, v));
      store_sums(out, t, v, sum[t][v]);
    });
  });
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  // Formats have a zero point or minima.
  const bool zero = !Minimum || p.zero != 0;
  if constexpr (Group == 32)
    return zero ? sum_32<Tokens, Minimum, true>(x, p, out)
                : sum_32<Tokens, Minimum, false>(x, p, out);
  else
    return zero ? sum_16<Tokens, Minimum, true>(x, p, out)
                : sum_16<Tokens, Minimum, false>(x, p, out);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
