// Strips with AVX2. For strip_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/strip_rows.h"
#include "matmul/sums_avx2.h"
#include "matmul/tile_rows.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

static inline __m256 load_factors(const uint8_t* p, bool halves, int row) {
  return halves ? _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 2 * row)))
                : _mm256_loadu_ps(reinterpret_cast<const float*>(p) + row);
}

/// Columns 4 quad to 4 quad + 3 of eight rows.
template <Bytes bytes>
static inline __m256i load_quad(const uint8_t* q, int quad, int row) {
  const auto load = [&](int at) QUIPU_IN_LINE {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + at * 128 + row * 4));
  };
  if constexpr (bytes != Bytes::up_to_15) return load(quad);
  const __m256i both = load(quad % 4);
  return _mm256_and_si256(quad < 4 ? both : _mm256_srli_epi16(both, 4), _mm256_set1_epi8(15));
}

// As the tile of panels, with the same order of additions of floats.
template <int Tokens, int Group, Bytes bytes>
static void strip_half(const TileInput& x, const StripForm& form, const StripView& strip, int half,
                       const TileOutput& out) noexcept {
  constexpr bool wide = bytes == Bytes::wide;
  constexpr int parts = 32 / Group, quads = Group / 4;
  constexpr int pairs = pairs_of(bytes) < quads ? pairs_of(bytes) : quads;
  const __m256i ones = _mm256_set1_epi16(1), flip = _mm256_set1_epi8(static_cast<char>(0x80));
  const int32_t zero = (wide ? 128 : 0) - form.zero;
  __m256 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sum(out, t, 16 * half + 8 * v); });
  });
  StripBlocks w(form, strip);
  StripAhead ahead(strip);
  const int8_t* q = x.q;
  for (uint32_t block = 0; block < strip.columns / 32; ++block, w.next(), q += 32) {
    ahead.fetch();
    each<parts>([&](auto part) QUIPU_IN_LINE {
      const uint32_t g = block * parts + part;
      __m256i dot[Tokens][2];
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        dot[t][0] = dot[t][1] = _mm256_set1_epi32(zero * x.total[t * x.total_stride + g]);
      });
      each<quads / pairs>([&](auto some) QUIPU_IN_LINE {
        __m256i pair[Tokens][2];
        each<pairs>([&](auto number) QUIPU_IN_LINE {
          const int quad = part * quads + some * pairs + number;
          each<2>([&](auto v) QUIPU_IN_LINE {
            __m256i weights = load_quad<bytes>(w.q, quad, 16 * half + 8 * v);
            if constexpr (wide) weights = _mm256_xor_si256(weights, flip);
            const __m256i size = wide ? _mm256_abs_epi8(weights) : weights;
            each<Tokens>([&](auto t) QUIPU_IN_LINE {
              const __m256i four = broadcast4(q + t * x.q_stride + 4 * quad);
              const __m256i product =
                  _mm256_maddubs_epi16(size, wide ? _mm256_sign_epi8(four, weights) : four);
              pair[t][v] = number == 0 ? product : _mm256_add_epi16(pair[t][v], product);
              fix(pair[t][v]);
            });
          });
        });
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          each<2>([&](auto v) QUIPU_IN_LINE {
            dot[t][v] = _mm256_add_epi32(dot[t][v], _mm256_madd_epi16(pair[t][v], ones));
            fix(dot[t][v]);
          });
        });
      });
      each<2>([&](auto v) QUIPU_IN_LINE {
        const int row = 16 * half + 8 * v;
        const __m256 scale = load_factors(w.scales + part * w.group_bytes, form.halves, row);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m256 both =
              _mm256_mul_ps(scale, _mm256_set1_ps(x.scale[t * x.scale_stride + block]));
          sum[t][v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[t][v]), both, sum[t][v]);
        });
        if (form.has_minimum) {
          const __m256 minimum = load_factors(w.minima + part * w.group_bytes, form.halves, row);
          each<Tokens>([&](auto t) QUIPU_IN_LINE {
            sum[t][v] =
                _mm256_fmadd_ps(minimum, _mm256_set1_ps(x.sum[t * x.sum_stride + g]), sum[t][v]);
          });
        }
      });
    });
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { store_sum(out, t, 16 * half + 8 * v, sum[t][v]); });
  });
}

// Three rows of activations at a time: what the sixteen registers hold.
template <int Tokens, int Group, Bytes bytes>
static void strip_parts(const TileInput& x, const StripForm& form, const StripView& strip,
                        const TileOutput& out) noexcept {
  constexpr int first = Tokens < 3 ? Tokens : 3;
  StripView again = strip;
  again.ahead_lines = 0;
  strip_half<first, Group, bytes>(x, form, strip, 0, out);
  strip_half<first, Group, bytes>(x, form, again, 1, out);
  if constexpr (first < Tokens)
    for (int half = 0; half < 2; ++half)
      strip_half<Tokens - first, Group, bytes>(from_row(x, first), form, again, half,
                                               from_row(out, first));
}

template <int Tokens, int Group, bool Nibbles>
static void strip_rows(const TileInput& x, const StripForm& form, const StripView& strip,
                       const TileOutput& out) noexcept {
  if constexpr (Nibbles) {
    strip_parts<Tokens, Group, Bytes::up_to_15>(x, form, strip, out);
  } else {
    if (form.largest <= 31) return strip_parts<Tokens, Group, Bytes::up_to_31>(x, form, strip, out);
    if (form.largest <= 63) return strip_parts<Tokens, Group, Bytes::up_to_63>(x, form, strip, out);
    if (form.largest <= 127)
      return strip_parts<Tokens, Group, Bytes::up_to_127>(x, form, strip, out);
    strip_parts<Tokens, Group, Bytes::wide>(x, form, strip, out);
  }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
