// The tile: up to six rows of activations times a panel of 32 weight rows.
#include "matmul/kernels.h"
#include "quipu/sdk/each.h"

#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)
#include <immintrin.h>
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

void quantize(const float* x, uint32_t count, const QuantizedColumns& out) noexcept;
void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept;

#if defined(QUIPU_KERNEL_AVX512) || defined(QUIPU_KERNEL_AVX2)
static inline TileInput from_row(const TileInput& x, int t) noexcept {
  return {x.q + t * x.q_stride,
          x.q_stride,
          x.scale + t * x.scale_stride,
          x.scale_stride,
          x.sum + t * x.sum_stride,
          x.total + t * x.sum_stride,
          x.sum_stride};
}

static inline TileOutput from_row(const TileOutput& out, int t) noexcept {
  TileOutput rest = out;
  rest.c += t * out.c_stride;
  if (rest.y) rest.y += t * out.y_stride;
  if (rest.addend) rest.addend += t * out.addend_stride;
  return rest;
}
#endif

#if defined(QUIPU_KERNEL_AVX512)

static inline __m512i broadcast4(const int8_t* p) {
  int32_t four;
  __builtin_memcpy(&four, p, 4);
  return _mm512_set1_epi32(four);
}

using quipu::sdk::each;

// Up to six rows by two vectors of 16 weight rows, so that each activation is read once for two
// products: 12 integer accumulators and 12 sums. The zero point goes into the start value of the
// accumulators. The activations' scales are per 32 columns, so two groups of 16 share one
// multiplication by it; the sums of 32 columns leave registers for three rows at a time.
template <int Tokens, int Group, bool Minimum>
static void tile_part(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr int parts = 32 / Group;
  __m512 sum[Tokens][2];
  each<Tokens>([&](auto t) QUIPU_IN_LINE {
    each<2>([&](auto v) QUIPU_IN_LINE {
      sum[t][v] =
          out.continues ? _mm512_loadu_ps(out.c + t * out.c_stride + 16 * v) : _mm512_setzero_ps();
    });
  });
  const uint8_t* w = p.q;
  const int8_t* q = x.q;
  for (uint32_t block = 0; block < p.columns / 32; ++block, w += 8 * 128, q += 32) {
    __m512 scaled[Tokens][2];
    each<parts>([&](auto part) QUIPU_IN_LINE {
      const uint32_t g = block * parts + part;
      __m512i dot[Tokens][2];
      each<Tokens>([&](auto t) QUIPU_IN_LINE {
        dot[t][0] = dot[t][1] = _mm512_set1_epi32(-p.zero * x.total[t * x.sum_stride + g]);
      });
      each<Group / 4>([&](auto number) QUIPU_IN_LINE {
        const int quad = part * (Group / 4) + number;
        const __m512i w0 = _mm512_loadu_si512(w + quad * 128);
        const __m512i w1 = _mm512_loadu_si512(w + quad * 128 + 64);
        each<Tokens>([&](auto t) QUIPU_IN_LINE {
          const __m512i four = broadcast4(q + t * x.q_stride + 4 * quad);
          dot[t][0] = _mm512_dpbusd_epi32(dot[t][0], w0, four);
          dot[t][1] = _mm512_dpbusd_epi32(dot[t][1], w1, four);
        });
      });
      each<2>([&](auto v) QUIPU_IN_LINE {
        const __m512 scale = _mm512_loadu_ps(p.scale + g * panel_rows + 16 * v);
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
        if constexpr (Minimum) {
          const __m512 minimum = _mm512_loadu_ps(p.minimum + g * panel_rows + 16 * v);
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
    each<2>([&](auto v) QUIPU_IN_LINE {
      auto& s = sum[t][v];
      if (!out.y) return _mm512_storeu_ps(out.c + t * out.c_stride + 16 * v, s);
      if (out.bias) s = _mm512_add_ps(s, _mm512_loadu_ps(out.bias + 16 * v));
      if (out.addend)
        s = _mm512_add_ps(s, _mm512_loadu_ps(out.addend + t * out.addend_stride + 16 * v));
      _mm512_storeu_ps(out.y + t * out.y_stride + 16 * v, s);
    });
  });
}

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  constexpr int first = Group == 32 || Tokens <= 3 ? Tokens : 3;
  tile_part<first, Group, Minimum>(x, p, out);
  if constexpr (first < Tokens)
    tile_part<Tokens - first, Group, Minimum>(from_row(x, first), p, from_row(out, first));
}

#elif defined(QUIPU_KERNEL_AVX2)

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

#else

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  for (int t = 0; t < Tokens; ++t)
    for (uint32_t r = 0; r < panel_rows; ++r) {
      float sum = out.continues ? out.c[t * out.c_stride + r] : 0;
      for (uint32_t g = 0; g < p.columns / Group; ++g) {
        int32_t dot = -p.zero * x.total[t * x.sum_stride + g];
        for (uint32_t j = g * Group; j < (g + 1) * Group; ++j)
          dot += p.q[j / 4 * panel_rows * 4 + r * 4 + j % 4] * x.q[t * x.q_stride + j];
        sum += static_cast<float>(dot) *
               (p.scale[g * panel_rows + r] * x.scale[t * x.scale_stride + g * Group / 32]);
        if (Minimum) sum += p.minimum[g * panel_rows + r] * x.sum[t * x.sum_stride + g];
      }
      if (out.y && out.bias) sum += out.bias[r];
      if (out.y && out.addend) sum += out.addend[t * out.addend_stride + r];
      (out.y ? out.y[t * out.y_stride + r] : out.c[t * out.c_stride + r]) = sum;
    }
}

#endif

template <int Group, bool Minimum>
static void tile_of(uint32_t tokens, const TileInput& x, const PanelView& p,
                    const TileOutput& out) noexcept {
  switch (tokens) {
  case 1:
    return tile_rows<1, Group, Minimum>(x, p, out);
  case 2:
    return tile_rows<2, Group, Minimum>(x, p, out);
  case 3:
    return tile_rows<3, Group, Minimum>(x, p, out);
  case 4:
    return tile_rows<4, Group, Minimum>(x, p, out);
  case 5:
    return tile_rows<5, Group, Minimum>(x, p, out);
  default:
    return tile_rows<6, Group, Minimum>(x, p, out);
  }
}

static void tile(uint32_t tokens, const TileInput& x, const PanelView& p,
                 const TileOutput& out) noexcept {
  if (p.group == 16)
    return p.minimum ? tile_of<16, true>(tokens, x, p, out) : tile_of<16, false>(tokens, x, p, out);
  return p.minimum ? tile_of<32, true>(tokens, x, p, out) : tile_of<32, false>(tokens, x, p, out);
}

}  // namespace QUIPU_KERNEL_ISA

#define QUIPU_CPU_TABLE_(isa) isa##_matmul
#define QUIPU_CPU_TABLE(isa) QUIPU_CPU_TABLE_(isa)
#if defined(QUIPU_KERNEL_AVX512)
constexpr uint32_t level = 2;
constexpr auto wide_test = nullptr;
#elif defined(QUIPU_KERNEL_AVX2)
constexpr uint32_t level = 1;
constexpr auto wide_test = avx2::wide;
#elif defined(QUIPU_KERNEL_NEON)
constexpr uint32_t level = 16;
constexpr auto wide_test = nullptr;
#else
constexpr uint32_t level = 0;
constexpr auto wide_test = nullptr;
#endif
extern const MatmulKernels QUIPU_CPU_TABLE(QUIPU_KERNEL_ISA) = {level, QUIPU_KERNEL_ISA::quantize,
                                                                wide_test, QUIPU_KERNEL_ISA::tile,
                                                                QUIPU_KERNEL_ISA::multiply_floats};

}  // namespace quipu_cpu
