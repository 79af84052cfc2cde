// Strips with AVX-512 and VNNI. For strip_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/strip_rows.h"
#include "matmul/sums_avx512.h"
#include "matmul/tile_rows.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

static inline __m512 load_factors(const uint8_t* p, bool halves, int v) {
  return halves ? _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p) + v))
                : _mm512_loadu_ps(reinterpret_cast<const float*>(p) + 16 * v);
}

/// Columns 4 quad to 4 quad + 3 of 16 rows.
template <bool Nibbles>
static inline __m512i load_quad(const uint8_t* q, int quad, int v) {
  if constexpr (!Nibbles) return _mm512_loadu_si512(q + quad * 128 + v * 64);
  const __m512i both = _mm512_loadu_si512(q + quad % 4 * 128 + v * 64);
  return _mm512_and_si512(quad < 4 ? both : _mm512_srli_epi16(both, 4), _mm512_set1_epi8(15));
}

// As the tile of panels, with the same order of additions, but weights become bytes on their way.
template <int Tokens, int Group, bool Nibbles>
static void strip_part(const TileInput& x, const StripForm& form, const StripView& strip,
                       const TileOutput& out) noexcept {
  constexpr int parts = 32 / Group;
  __m512 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sums(out, t, v); });
  });
  const bool halves = form.halves, has_minimum = form.has_minimum;
  const int32_t zero = -form.zero;
  StripBlocks w(form, strip);
  StripAhead ahead(strip);
  const int8_t* q = x.q;
  for (uint32_t block = 0; block < strip.columns / 32; ++block, w.next(), q += 32) {
    ahead.fetch();
    __m512 scaled[Tokens][2];
    each<parts>([&](auto part) QUIPU_IN_LINE {
      const uint32_t g = block * parts + part;
      __m512i dot[Tokens][2];
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        dot[t][0] = dot[t][1] = _mm512_set1_epi32(zero * x.total[t * x.total_stride + g]);
      });
      const auto add = [&](int quad) QUIPU_IN_LINE {
        const __m512i w0 = load_quad<Nibbles>(w.q, quad, 0), w1 = load_quad<Nibbles>(w.q, quad, 1);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m512i four = broadcast4(q + t * x.q_stride + 4 * quad);
          dot[t][0] = _mm512_dpbusd_epi32(dot[t][0], w0, four);
          dot[t][1] = _mm512_dpbusd_epi32(dot[t][1], w1, four);
        });
      };
      if constexpr (parts == 1)
        // Nibbles of one byte after another.
        each<4>([&](auto quad) QUIPU_IN_LINE {
          add(quad);
          add(quad + 4);
        });
      else
        each<4>([&](auto quad) QUIPU_IN_LINE { add(4 * part + quad); });
      each<2>([&](auto v) QUIPU_IN_LINE {
        const __m512 scale = load_factors(w.scales + part * w.group_bytes, halves, v);
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
        if (has_minimum) {
          const __m512 minimum = load_factors(w.minima + part * w.group_bytes, halves, v);
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
    each<2>([&](auto v) QUIPU_IN_LINE { store_sums(out, t, v, sum[t][v]); });
  });
}

template <int Tokens, int Group, bool Nibbles>
static void strip_rows(const TileInput& x, const StripForm& form, const StripView& strip,
                       const TileOutput& out) noexcept {
  constexpr int first = Group == 32 || Tokens <= 3 ? Tokens : 3;
  strip_part<first, Group, Nibbles>(x, form, strip, out);
  if constexpr (first < Tokens) {
    StripView again = strip;
    again.ahead_lines = 0;
    strip_part<Tokens - first, Group, Nibbles>(from_row(x, first), form, again,
                                               from_row(out, first));
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
