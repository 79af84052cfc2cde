// The tile with AMX: sixteen rows of activations by sixteen weight rows at a time, their products
// of 32 columns one instruction. For tile_kernels.cpp only. Instructions and the form of a
// configuration: Intel's Software Developer's Manual, volume 2, LDTILECFG and TDPBSSD.
//
// A panel is made of tiles as it is: the quads of 32 columns are the rows of one, 128 bytes apart,
// with four bytes for each of 16 weight rows. So are the activations: 16 tokens by 32 columns. The
// integer sums of 32 columns leave for memory, as only vectors can scale them, in the order of the
// AVX-512 tile: both have the same sums to the last bit.
#pragma once

#include "matmul/tile_avx512.h"
#include "matmul/tile_rows.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t amx_tokens = 16, amx_group = 32, amx_blocks = panel_columns / amx_group;

struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileShapes) == 64);

// Tokens of a larger tile, the others having one less; 0: this thread's registers have no shapes.
static thread_local uint32_t configured = 0;

// Tile registers, in turn for even and odd blocks:
//   0 1  sums           6  those of a smaller tile
//   2 3  activations    7  those of a smaller tile
//   4 5  weights
static inline void configure(uint32_t tokens) noexcept {
  if (configured == tokens) return;
  TileShapes shapes;
  const auto shape = [&](int tile, uint32_t rows, uint32_t row_bytes) {
    shapes.rows[tile] = static_cast<uint8_t>(rows);
    shapes.row_bytes[tile] = static_cast<uint16_t>(row_bytes);
  };
  const uint32_t fewer = tokens > 1 ? tokens - 1 : 1;
  for (int odd = 0; odd < 2; ++odd) {
    shape(odd, tokens, 64);
    shape(2 + odd, tokens, amx_group);
    shape(4 + odd, amx_group / 4, 64);
  }
  shape(6, fewer, 64);
  shape(7, fewer, amx_group);
  asm volatile("ldtilecfg %0" : : "m"(shapes));  // GCC's own says that it reads 8 of the bytes
  configured = tokens;
}

// Sums [token][16 weight rows] of a block of 32 columns.
template <bool Signed>
static inline void multiply_block(bool smaller, bool odd, const int8_t* q, size_t q_stride,
                                  const uint8_t* w, int32_t* sums) noexcept {
#define QUIPU_MULTIPLY(C, A, B)                                                                    \
  _tile_loadd(B, w, panel_rows * 4);                                                               \
  _tile_loadd(A, q, q_stride);                                                                     \
  _tile_zero(C);                                                                                   \
  if constexpr (Signed)                                                                            \
    _tile_dpbssd(C, A, B);                                                                         \
  else                                                                                             \
    _tile_dpbsud(C, A, B);                                                                         \
  _tile_stored(C, sums, 64)
  if (smaller) {
    QUIPU_MULTIPLY(6, 7, 4);
  } else if (odd) {
    QUIPU_MULTIPLY(1, 3, 5);
  } else {
    QUIPU_MULTIPLY(0, 2, 4);
  }
#undef QUIPU_MULTIPLY
}

// What a tile reads of its activations beside their bytes: near each other, at constant distances.
// Tokens that there are not repeat the last.
struct AmxNumbers {
  alignas(64) float scale[amx_tokens][amx_blocks];
  alignas(64) float sum[amx_tokens][amx_blocks];

  AmxNumbers(uint32_t tokens, const TileInput& x, const PanelView& p) noexcept {
    static_assert(amx_blocks == 16);
    const auto some = static_cast<__mmask16>((1u << p.columns / amx_group) - 1);
    for (uint32_t t = 0; t < amx_tokens; ++t) {
      const size_t from = t < tokens ? t : tokens - 1;
      _mm512_store_ps(scale[t], _mm512_maskz_loadu_ps(some, x.scale + from * x.scale_stride));
      if (p.minimum)
        _mm512_store_ps(sum[t], _mm512_maskz_loadu_ps(some, x.sum + from * x.sum_stride));
    }
  }
};

template <bool Minimum, bool Signed>
static void amx_half(uint32_t tokens, const TileInput& x, const AmxNumbers& numbers,
                     const PanelView& p, int half, const TileOutput& out) noexcept {
  // The sums of two blocks are made while those of the block before are scaled.
  constexpr uint32_t ahead = 2, held = 2 * ahead;
  alignas(64) int32_t dots[held][amx_tokens][16];
  __m512 sum[amx_tokens];
  each<amx_tokens>([&](auto t) QUIPU_IN_LINE {
    sum[t] = out.continues && uint32_t{t} < tokens
                 ? _mm512_loadu_ps(out.c + t * out.c_stride + 16 * half)
                 : _mm512_setzero_ps();
  });
  const uint32_t blocks = p.columns / amx_group;
  const bool smaller = tokens < configured;
  const auto multiply = [&](uint32_t block) QUIPU_IN_LINE {
    if (block < blocks)
      multiply_block<Signed>(smaller, block % 2, x.q + amx_group * block, x.q_stride,
                             p.q + size_t{amx_group} * panel_rows * block + 64 * half,
                             dots[block % held][0]);
  };
  for (uint32_t block = 0; block < ahead; ++block) multiply(block);
  for (uint32_t block = 0; block < blocks; ++block) {
    multiply(block + ahead);
    const __m512 scale = group_of(p.scale + block * panel_rows, 0, half);
    const __m512 minimum = Minimum ? group_of(p.minimum + block * panel_rows, 0, half) : scale;
    const auto& dot = dots[block % held];
    each<amx_tokens>([&](auto t) QUIPU_IN_LINE {
      sum[t] =
          _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_load_si512(dot[t])),
                          _mm512_mul_ps(scale, _mm512_set1_ps(numbers.scale[t][block])), sum[t]);
      if constexpr (Minimum)
        sum[t] = _mm512_fmadd_ps(minimum, _mm512_set1_ps(numbers.sum[t][block]), sum[t]);
    });
  }
  each<amx_tokens>([&](auto t) QUIPU_IN_LINE {
    if (uint32_t{t} < tokens) store_sums(out, t, half, sum[t]);
  });
}

template <bool Minimum>
static void amx_rows(uint32_t tokens, const TileInput& x, const PanelView& p,
                     const TileOutput& out) noexcept {
  const AmxNumbers numbers(tokens, x, p);
  for (int half = 0; half < 2; ++half)
    if (p.zero)
      amx_half<Minimum, true>(tokens, x, numbers, p, half, out);
    else
      amx_half<Minimum, false>(tokens, x, numbers, p, half, out);
}

static uint32_t largest(const PanelView& p) noexcept {
  __m512i most = _mm512_setzero_si512();
  for (uint32_t i = 0; i < p.columns * panel_rows; i += 64)
    most = _mm512_max_epu8(most, _mm512_loadu_si512(p.q + i));
  alignas(64) uint8_t bytes[64];
  _mm512_store_si512(bytes, most);
  uint32_t found = 0;
  for (const uint8_t byte : bytes) found = byte > found ? byte : found;
  return found;
}

// Whether what is left of the bytes without their zero point are signed ones.
static inline bool fits(const PanelView& p) noexcept {
  return static_cast<int32_t>(p.largest) - p.zero <= 127;
}

// A zero point is taken off the bytes once for all tokens.
static void begin_panel(uint32_t tokens, const PanelView& p) noexcept {
  configure(tokens);
  if (p.zero == 0 || !fits(p)) return;
  const __m512i zero = _mm512_set1_epi8(static_cast<char>(p.zero));
  for (uint32_t i = 0; i < p.columns * panel_rows; i += 64)
    _mm512_storeu_si512(p.q + i, _mm512_sub_epi8(_mm512_loadu_si512(p.q + i), zero));
}

static void end_panels() noexcept {
  _tile_release();
  configured = 0;
}

// Products of a tile whose bytes do not fit are the AVX-512 tile's: true, and nothing done.
static bool is_multiplied(uint32_t tokens, const TileInput& x, const PanelView& p,
                          const TileOutput& out) noexcept {
  if (p.zero != 0 && !fits(p)) return false;
  if (p.minimum)
    amx_rows<true>(tokens, x, p, out);
  else
    amx_rows<false>(tokens, x, p, out);
  return true;
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
