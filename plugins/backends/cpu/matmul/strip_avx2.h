// Strips with AVX2. For strip_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/strip_rows.h"
#include "matmul/tile_rows.h"
#include "matmul/vectors_avx2.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

static inline Floats load_factors(const uint8_t* p, bool halves, int row) {
  return halves ? load_halves(p + 2 * row) : load(reinterpret_cast<const float*>(p) + row);
}

/// Columns 4 quad to 4 quad + 3 of a vector of rows.
template <Bytes bytes>
static inline Integers load_quad(const uint8_t* q, int quad, int row) {
  const auto load = [&](int at) QUIPU_IN_LINE { return load_bytes(q + at * 128 + row * 4); };
  if constexpr (bytes != Bytes::up_to_15) return load(quad);
  const Integers both = load(quad % 4);
  return quad < 4 ? low_nibbles(both) : high_nibbles(both);
}

// As the tile of panels, with the same order of additions of floats.
template <int Tokens, int Group, Bytes bytes>
static void strip_half(const TileInput& x, const StripForm& form, const StripView& strip, int half,
                       const TileOutput& out) noexcept {
  constexpr bool wide = bytes == Bytes::wide;
  constexpr int parts = 32 / Group, quads = Group / 4;
  constexpr int pairs = pairs_of(bytes) < quads ? pairs_of(bytes) : quads;
  const Integers flip = all_bytes(0x80);
  const int32_t zero = (wide ? 128 : 0) - form.zero;
  Floats sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sum(out, t, two * half + lanes * v); });
  });
  StripBlocks w(form, strip);
  StripAhead ahead(strip);
  const int8_t* q = x.q;
  for (uint32_t block = 0; block < strip.columns / 32; ++block, w.next(), q += 32) {
    each<parts>([&](auto part) QUIPU_IN_LINE {
      const uint32_t g = block * parts + part;
      Integers dot[Tokens][2];
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        dot[t][0] = dot[t][1] = all32(zero * x.total[t * x.total_stride + g]);
      });
      each<quads / pairs>([&](auto some) QUIPU_IN_LINE {
        Integers pair[Tokens][2];
        each<pairs>([&](auto number) QUIPU_IN_LINE {
          const int quad = part * quads + some * pairs + number;
          ahead.fetch();
          each<2>([&](auto v) QUIPU_IN_LINE {
            Integers weights = load_quad<bytes>(w.q, quad, two * half + lanes * v);
            if constexpr (wide) weights ^= flip;
            const Integers size = wide ? absolute(weights) : weights;
            each<Tokens>([&](auto t) QUIPU_IN_LINE {
              const Integers four = broadcast4(q + t * x.q_stride + 4 * quad);
              const Integers product = multiply_pairs(size, wide ? with_sign(four, weights) : four);
              pair[t][v] = number == 0 ? product : add16(pair[t][v], product);
              fix(pair[t][v]);
            });
          });
        });
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          each<2>([&](auto v) QUIPU_IN_LINE {
            dot[t][v] = add32(dot[t][v], add_neighbours(pair[t][v]));
            fix(dot[t][v]);
          });
        });
      });
      each<2>([&](auto v) QUIPU_IN_LINE {
        const int row = two * half + lanes * v;
        const Floats scale = load_factors(w.scales + part * w.group_bytes, form.halves, row);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const Floats both = scale * all(x.scale[t * x.scale_stride + block]);
          sum[t][v] = multiply_add(to_floats(dot[t][v]), both, sum[t][v]);
        });
        if (form.has_minimum) {
          const Floats minimum = load_factors(w.minima + part * w.group_bytes, form.halves, row);
          each<Tokens>([&](auto t) QUIPU_IN_LINE {
            sum[t][v] = multiply_add(minimum, all(x.sum[t * x.sum_stride + g]), sum[t][v]);
          });
        }
      });
    });
    ahead.fetch_more();
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { store_sum(out, t, two * half + lanes * v, sum[t][v]); });
  });
}

// Three rows of activations at a time: what the sixteen registers hold.
template <int Tokens, int Group, Bytes bytes>
static void strip_parts(const TileInput& x, const StripForm& form, const StripView& strip,
                        const TileOutput& out) noexcept {
  constexpr int first = Tokens < 3 ? Tokens : 3;
  StripView again = strip;
  again.ahead_lines = 0;
  for (int half = 0; half < half_count; ++half)
    strip_half<first, Group, bytes>(x, form, half ? again : strip, half, out);
  if constexpr (first < Tokens)
    strip_parts<Tokens - first, Group, bytes>(from_row(x, first), form, again,
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
