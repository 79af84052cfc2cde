// Strips with AVX-512 and VNNI. For strip_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/rows.h"
#include "matmul/strip_rows.h"
#include "matmul/sums_avx512.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;
using quipu::sdk::Index;

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

/// The first `count` lanes.
static inline __mmask16 lanes(uint32_t count) {
  return static_cast<__mmask16>(count < 16 ? (1u << count) - 1 : 0xffff);
}

// What belongs to the activations of a few blocks, at places that a compiler knows: single numbers
// need a move from an integer register each, pointers a register for each row.
template <int Tokens, int Group>
struct StripFactors {
  static constexpr uint32_t parts = 32 / Group, blocks = 16 / parts;
  alignas(64) int32_t start[Tokens][16];  // what dot products begin with
  alignas(64) float scale[Tokens][16];
  alignas(64) float sum[Tokens][16];

  /// Of `block` and those behind it, of which there are `count`.
  void load(const TileInput& x, uint32_t block, uint32_t count, const StripForm& form) {
    const __m512i zero = _mm512_set1_epi32(-form.zero);
    const __mmask16 groups = lanes(count * parts);
    const size_t group = block * parts;
    each<Tokens>([&](auto t) QUIPU_IN_LINE {
      const auto total = _mm512_maskz_loadu_epi32(groups, x.total + t * x.total_stride + group);
      _mm512_store_si512(start[t], _mm512_mullo_epi32(total, zero));
      _mm512_store_ps(scale[t],
                      _mm512_maskz_loadu_ps(lanes(count), x.scale + t * x.scale_stride + block));
      if (form.has_minimum)
        _mm512_store_ps(sum[t], _mm512_maskz_loadu_ps(groups, x.sum + t * x.sum_stride + group));
    });
  }
};

// As the tile of panels, with the same order of additions, but weights become bytes on their way.
// Of more than five tokens a half at a time, block by block: sums of eight and integers of four
// fill the registers. With groups of 16, where there are scaled integers too, sums stay in memory.
// Of the integer peak eight tokens reach 73 and 60 % (Zen 5, in cache).
template <int Tokens, int Group, bool Nibbles>
static void strip_rows(const TileInput& x, const StripForm& form, const StripView& strip,
                       const TileOutput& out) noexcept {
  constexpr int parts = 32 / Group;
  constexpr int half = parts == 1 && Tokens > 5 ? (Tokens + 1) / 2 : Tokens;
  constexpr bool in_memory = parts == 2 && Tokens > 3;
  const auto place = [c = out.c, stride = out.c_stride](int t, int v)
                         QUIPU_IN_LINE { return c + t * stride + 16 * v; };
  __m512 sums[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      if constexpr (!in_memory)
        sums[t][v] = begin_sums(out, t, v);
      else if (!out.continues)
        _mm512_storeu_ps(place(t, v), _mm512_setzero_ps());
    });
  });
  const bool halves = form.halves, has_minimum = form.has_minimum;
  StripBlocks w(form, strip);
  StripAhead ahead(strip);
  Rows<int8_t, (Tokens + 2) / 3> q(x.q, x.q_stride);
  using Factors = StripFactors<Tokens, Group>;
  Factors factors;
  for (uint32_t block = 0; block < strip.columns / 32; ++block, w.next(), q.next(32)) {
    const uint32_t b = block % Factors::blocks;
    if (b == 0) factors.load(x, block, strip.columns / 32 - block, form);
    const auto multiply = [&]<int first, int count>(Index<first>, Index<count>) QUIPU_IN_LINE {
      __m512 scaled[count][2];
      each<parts>([&](auto part) QUIPU_IN_LINE {
        __m512i dot[count][2];
        each<count>([&](auto t) QUIPU_IN_LINE {
          dot[t][0] = dot[t][1] = _mm512_set1_epi32(factors.start[first + t][parts * b + part]);
        });
        const auto add = [&](int quad) QUIPU_IN_LINE {
          if constexpr (first == 0) ahead.fetch();
          const __m512i w0 = load_quad<Nibbles>(w.q, quad, 0),
                        w1 = load_quad<Nibbles>(w.q, quad, 1);
          each<count>([&](auto t) QUIPU_IN_LINE {
            const __m512i four = broadcast4(q[first + t] + 4 * quad);
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
          each<count>([&](auto t) QUIPU_IN_LINE {
            const __m512 d = _mm512_cvtepi32_ps(dot[t][v]);
            if constexpr (parts == 2) {
              scaled[t][v] =
                  part == 0 ? _mm512_mul_ps(d, scale) : _mm512_fmadd_ps(d, scale, scaled[t][v]);
            } else {
              auto& sum = sums[first + t][v];
              sum = _mm512_fmadd_ps(
                  d, _mm512_mul_ps(scale, _mm512_set1_ps(factors.scale[first + t][b])), sum);
            }
          });
          if (parts == 1 && has_minimum) {
            const __m512 minimum = load_factors(w.minima, halves, v);
            each<count>([&](auto t) QUIPU_IN_LINE {
              auto& sum = sums[first + t][v];
              sum = _mm512_fmadd_ps(minimum, _mm512_set1_ps(factors.sum[first + t][b]), sum);
            });
          }
        });
      });
      if constexpr (parts == 2)
        each<2>([&](auto v) QUIPU_IN_LINE {
          each<count>([&](auto t) QUIPU_IN_LINE {
            __m512 sum = in_memory ? _mm512_loadu_ps(place(first + t, v)) : sums[first + t][v];
            if (has_minimum)
              each<2>([&](auto part) QUIPU_IN_LINE {
                const __m512 minimum = load_factors(w.minima + part * w.group_bytes, halves, v);
                sum = _mm512_fmadd_ps(minimum, _mm512_set1_ps(factors.sum[first + t][2 * b + part]),
                                      sum);
              });
            sum = _mm512_fmadd_ps(scaled[t][v], _mm512_set1_ps(factors.scale[first + t][b]), sum);
            if constexpr (in_memory)
              _mm512_storeu_ps(place(first + t, v), sum);
            else
              sums[first + t][v] = sum;
          });
        });
    };
    multiply(Index<0>{}, Index<half>{});
    ahead.fetch_more();
    if constexpr (half < Tokens) multiply(Index<half>{}, Index<Tokens - half>{});
  }
  if (in_memory && !out.y) return;
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      if constexpr (in_memory) sums[t][v] = _mm512_loadu_ps(place(t, v));
      store_sums(out, t, v, sums[t][v]);
    });
  });
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
