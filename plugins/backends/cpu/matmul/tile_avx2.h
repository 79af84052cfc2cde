// The tile with AVX2, and with AVX-512 that lacks VNNI. For tile_kernels.cpp only.
//
// A multiplication of bytes adds pairs of products up in 16 bits, and one more brings these to 32
// bits. Where bytes are small, several pairs fit into 16 bits first: of bytes up to 15 all of 32
// columns, which saves nearly half of the multiplications (Zen 5: 1.96 times as fast). With vectors
// of 512 bits all of it is 1.6 to 1.95 times as fast.
#pragma once

#include <immintrin.h>

#include "matmul/tile_rows.h"
#include "matmul/vectors_avx2.h"
#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

using quipu::sdk::each;

constexpr uint32_t most_tokens = 6;

static uint32_t largest(const PanelView& p) noexcept {
  constexpr uint32_t size = sizeof(Integers);
  Integers any[4] = {};
  for (uint32_t i = 0; i < p.columns * panel_rows; i += 4 * size)
    for (uint32_t j = 0; j < 4; ++j) any[j] |= load_bytes(p.q + i + j * size);
  uint8_t bytes[size];
  const Integers all = any[0] | any[1] | any[2] | any[3];
  __builtin_memcpy(bytes, &all, size);
  uint32_t bits = 0;
  for (const uint8_t byte : bytes) bits |= byte;
  return bits;
}

constexpr uint32_t most_groups = panel_columns / 16;

// Up to three rows times two vectors of weight rows: six sums of integers and six of floats.
// start: [Tokens][most_groups], what the sums of a group begin with.
template <int Tokens, int Group, bool Minimum, Bytes bytes>
static void tile_part(const TileInput& x, const PanelView& p, int half, const int32_t* start,
                      const TileOutput& out) noexcept {
  constexpr bool wide = bytes == Bytes::wide;
  constexpr int quads = Group / 4, pairs = pairs_of(bytes) < quads ? pairs_of(bytes) : quads;
  const Integers flip = all_bytes(0x80);
  Floats sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { sum[t][v] = begin_sum(out, t, two * half + lanes * v); });
  });
  const uint8_t* w = p.q + 4 * two * half;
  const int8_t* q = x.q;
  for (uint32_t g = 0; g < p.columns / Group; ++g, w += quads * 128, q += Group) {
    Integers dot[Tokens][2];
    each<quads / pairs>([&](auto part) QUIPU_IN_LINE {
      Integers pair[Tokens][2];
      each<pairs>([&](auto number) QUIPU_IN_LINE {
        const int quad = part * pairs + number;
        Integers weights[2], size[2];
        each<2>([&](auto v) QUIPU_IN_LINE {
          weights[v] = load_bytes(w + quad * 128 + 4 * lanes * v);
          if constexpr (wide) weights[v] ^= flip;
          size[v] = wide ? absolute(weights[v]) : weights[v];
        });
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const Integers four = broadcast4(q + t * x.q_stride + 4 * quad);
          each<2>([&](auto v) QUIPU_IN_LINE {
            const Integers product =
                multiply_pairs(size[v], wide ? with_sign(four, weights[v]) : four);
            pair[t][v] = number == 0 ? product : add16(pair[t][v], product);
            fix(pair[t][v]);
          });
        });
      });
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        each<2>([&](auto v) QUIPU_IN_LINE {
          dot[t][v] = add32(add_neighbours(pair[t][v]),
                            part == 0 ? all32(start[t * most_groups + g]) : dot[t][v]);
          fix(dot[t][v]);
        });
      });
    });
    add_group<Tokens, Group, Minimum>(x, p, g, half, dot, sum);
  }
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE { store_sum(out, t, two * half + lanes * v, sum[t][v]); });
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
    for (int half = 0; half < half_count; ++half) {
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
