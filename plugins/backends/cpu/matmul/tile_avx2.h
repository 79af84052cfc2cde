// The tile with AVX2. For tile_kernels.cpp only.
#pragma once

#include <immintrin.h>

#include "matmul/tile_rows.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t most_tokens = 6;

static inline __m256i broadcast4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return _mm256_set1_epi32(four);
}

// Bytes above 127 overflow the 16 bits that hold a pair of products.
static bool wide(const PanelView& p) noexcept {
  __m256i any = _mm256_setzero_si256();
  for (uint32_t i = 0; i < p.columns; ++i)
    any = _mm256_or_si256(any, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p.q) + i));
  return _mm256_movemask_epi8(any) != 0;
}

// Sixteen rows at a time in two vectors. Wide bytes are taken as signed ones, 128 less:
// |w - 128| * sign(w - 128) x, which is a fifth slower.
template <int Tokens, int Group, bool Minimum, bool Wide>
static void tile_half(const TileInput& x, const PanelView& p, int half,
                      const TileOutput& out) noexcept {
  const __m256i ones = _mm256_set1_epi16(1), flip = _mm256_set1_epi8(static_cast<char>(0x80));
  __m256 sum[Tokens][2];
  for (int t = 0; t < Tokens; ++t)
    for (int v = 0; v < 2; ++v)
      sum[t][v] = out.continues ? _mm256_loadu_ps(out.c + t * out.c_stride + 16 * half + 8 * v)
                                : _mm256_setzero_ps();
  const uint8_t* w = p.q + 64 * half;
  const uint32_t groups = p.columns / Group;
  for (uint32_t g = 0; g < groups; ++g) {
    __m256i dot[Tokens][2];
    for (int t = 0; t < Tokens; ++t)
      dot[t][0] = dot[t][1] =
          _mm256_set1_epi32(((Wide ? 128 : 0) - p.zero) * x.total[t * x.sum_stride + g]);
    for (int quad = 0; quad < Group / 4; ++quad, w += 128)
      for (int v = 0; v < 2; ++v) {
        __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 32 * v));
        if constexpr (Wide) weights = _mm256_xor_si256(weights, flip);
        const __m256i size = Wide ? _mm256_abs_epi8(weights) : weights;
        for (int t = 0; t < Tokens; ++t) {
          __m256i four = broadcast4(x.q + t * x.q_stride + g * Group + 4 * quad);
          if constexpr (Wide) four = _mm256_sign_epi8(four, weights);
          dot[t][v] = _mm256_add_epi32(dot[t][v],
                                       _mm256_madd_epi16(_mm256_maddubs_epi16(size, four), ones));
        }
      }
    for (int v = 0; v < 2; ++v) {
      const size_t at = g * panel_rows + 16 * half + 8 * v;
      const __m256 scale = _mm256_loadu_ps(p.scale + at);
      for (int t = 0; t < Tokens; ++t) {
        const __m256 both =
            _mm256_mul_ps(scale, _mm256_set1_ps(x.scale[t * x.scale_stride + g * Group / 32]));
        sum[t][v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[t][v]), both, sum[t][v]);
      }
      if constexpr (Minimum)
        for (int t = 0; t < Tokens; ++t)
          sum[t][v] = _mm256_fmadd_ps(_mm256_loadu_ps(p.minimum + at),
                                      _mm256_set1_ps(x.sum[t * x.sum_stride + g]), sum[t][v]);
    }
  }
  for (int t = 0; t < Tokens; ++t)
    for (int v = 0; v < 2; ++v) {
      const int row = 16 * half + 8 * v;
      __m256 s = sum[t][v];
      if (out.y && out.bias) s = _mm256_add_ps(s, _mm256_loadu_ps(out.bias + row));
      if (out.y && out.addend)
        s = _mm256_add_ps(s, _mm256_loadu_ps(out.addend + t * out.addend_stride + row));
      _mm256_storeu_ps((out.y ? out.y + t * out.y_stride : out.c + t * out.c_stride) + row, s);
    }
}

// Two rows of activations at a time: what the sixteen registers hold.
template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  const auto part = [&]<int Count>(int t) {
    const TileInput from = from_row(x, t);
    const TileOutput to = from_row(out, t);
    for (int half = 0; half < 2; ++half)
      if (p.wide)
        tile_half<Count, Group, Minimum, true>(from, p, half, to);
      else
        tile_half<Count, Group, Minimum, false>(from, p, half, to);
  };
  int t = 0;
  for (; t + 2 <= Tokens; t += 2) part.template operator()<2>(t);
  if (t < Tokens) part.template operator()<1>(t);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
