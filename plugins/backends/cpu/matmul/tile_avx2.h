// The tile with AVX2. For tile_kernels.cpp only.
//
// A multiplication of bytes adds pairs of products up in 16 bits, and one more brings these to 32
// bits. Where bytes are small, several pairs fit into 16 bits first: of bytes up to 15 all of 32
// columns, which saves nearly half of the multiplications (Zen 5: 1.96 times as fast).
#pragma once

#include <immintrin.h>

#include "matmul/sums_avx2.h"
#include "matmul/tile_rows.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

constexpr uint32_t most_tokens = 6;

static uint32_t largest(const PanelView& p) noexcept {
  __m256i any[4] = {};
  for (uint32_t i = 0; i < p.columns; i += 4)
    for (uint32_t j = 0; j < 4; ++j)
      any[j] = _mm256_or_si256(
          any[j], _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p.q + 32 * (i + j))));
  const __m256i all =
      _mm256_or_si256(_mm256_or_si256(any[0], any[1]), _mm256_or_si256(any[2], any[3]));
  uint8_t bytes[32];
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes), all);
  uint32_t bits = 0;
  for (const uint8_t byte : bytes) bits |= byte;
  return bits;
}

constexpr uint32_t most_groups = panel_columns / 16;

// Up to three rows times 16 weight rows in two vectors: six sums of integers and six of floats.
// start: [Tokens][most_groups], what the sums of a group begin with.
template <int Tokens, int Group, bool Minimum, Bytes bytes>
static void tile_part(const TileInput& x, const PanelView& p, int half, const int32_t* start,
                      const TileOutput& out) noexcept {
  constexpr bool wide = bytes == Bytes::wide;
  constexpr int quads = Group / 4, pairs = pairs_of(bytes) < quads ? pairs_of(bytes) : quads;
  const __m256i ones = _mm256_set1_epi16(1), flip = _mm256_set1_epi8(static_cast<char>(0x80));
  __m256 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sum(out, t, 16 * half + 8 * v); });
  });
  const uint8_t* w = p.q + 64 * half;
  const int8_t* q = x.q;
  for (uint32_t g = 0; g < p.columns / Group; ++g, w += quads * 128, q += Group) {
    __m256i dot[Tokens][2];
    each<quads / pairs>([&](auto part) QUIPU_IN_LINE {
      __m256i pair[Tokens][2];
      each<pairs>([&](auto number) QUIPU_IN_LINE {
        const int quad = part * pairs + number;
        __m256i weights[2], size[2];
        each<2>([&](auto v) QUIPU_IN_LINE {
          weights[v] =
              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + quad * 128 + 32 * v));
          if constexpr (wide) weights[v] = _mm256_xor_si256(weights[v], flip);
          size[v] = wide ? _mm256_abs_epi8(weights[v]) : weights[v];
        });
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m256i four = broadcast4(q + t * x.q_stride + 4 * quad);
          each<2>([&](auto v) QUIPU_IN_LINE {
            const __m256i product =
                _mm256_maddubs_epi16(size[v], wide ? _mm256_sign_epi8(four, weights[v]) : four);
            pair[t][v] = number == 0 ? product : _mm256_add_epi16(pair[t][v], product);
            fix(pair[t][v]);
          });
        });
      });
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        each<2>([&](auto v) QUIPU_IN_LINE {
          const __m256i four = _mm256_madd_epi16(pair[t][v], ones);
          dot[t][v] = _mm256_add_epi32(
              four, part == 0 ? _mm256_set1_epi32(start[t * most_groups + g]) : dot[t][v]);
          fix(dot[t][v]);
        });
      });
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

template <int Group, bool Minimum, Bytes bytes>
static void tile_bytes(int tokens, const TileInput& x, const PanelView& p,
                       const TileOutput& out) noexcept {
  int32_t start[most_tokens][most_groups];
  const int32_t zero = (bytes == Bytes::wide ? 128 : 0) - p.zero;
  for (int t = 0; t < tokens; ++t)
    for (uint32_t g = 0; g < p.columns / Group; ++g)
      start[t][g] = zero * x.total[t * x.total_stride + g];
  for (int t = 0; t < tokens; t += 3)
    for (int half = 0; half < 2; ++half) {
      const TileInput from = from_row(x, t);
      const TileOutput to = from_row(out, t);
      if (tokens - t >= 3)
        tile_part<3, Group, Minimum, bytes>(from, p, half, start[t], to);
      else if (tokens - t == 2)
        tile_part<2, Group, Minimum, bytes>(from, p, half, start[t], to);
      else
        tile_part<1, Group, Minimum, bytes>(from, p, half, start[t], to);
    }
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  if constexpr (Group == 32)  // sums of 16 columns fit with 31 as with 15
    if (p.largest <= 15) return tile_bytes<Group, Minimum, Bytes::up_to_15>(Tokens, x, p, out);
  if (p.largest <= 31) return tile_bytes<Group, Minimum, Bytes::up_to_31>(Tokens, x, p, out);
  if (p.largest <= 63) return tile_bytes<Group, Minimum, Bytes::up_to_63>(Tokens, x, p, out);
  if (p.largest <= 127) return tile_bytes<Group, Minimum, Bytes::up_to_127>(Tokens, x, p, out);
  tile_bytes<Group, Minimum, Bytes::wide>(Tokens, x, p, out);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
