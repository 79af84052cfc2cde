// Products of rows of floats with rows of activations.
#include "matmul/float_kernels.h"
#include "matmul/rows.h"
#include "quipu/sdk/each.h"

#if defined(QUIPU_KERNEL_AVX512)
#include "matmul/float_avx512.h"
#elif defined(QUIPU_KERNEL_AVX2)
#include "matmul/float_avx2.h"
#elif defined(QUIPU_KERNEL_NEON)
#include "matmul/float_neon.h"
#else
#include "matmul/float_scalar.h"
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

// One accumulator for each sum, and stretches in their order: a sum is the same in a block of any
// shape. What comes next is fetched at each step, a piece of each of its rows.
template <class Kind, uint32_t RowCount, uint32_t Tokens>
static QUIPU_IN_LINE inline void block(const FloatProduct& p, uint32_t row,
                                       const FloatsAhead& ahead) noexcept {
  Vector sums[RowCount][Tokens];
  for (auto& of_row : sums)
    for (Vector& each : of_row) each = none();
  Rows<uint8_t, 2> w(p.w + row * p.w_stride, p.w_stride), x(p.x, p.x_stride);
  const auto step = [&](auto some_activations, auto some_weights) QUIPU_IN_LINE {
    typename Kind::Numbers activations[Tokens];
    for (uint32_t t = 0; t < Tokens; ++t) activations[t] = some_activations(x[static_cast<int>(t)]);
    for (uint32_t r = 0; r < RowCount; ++r) {
      const typename Kind::Numbers weights = some_weights(w[static_cast<int>(r)]);
      for (uint32_t t = 0; t < Tokens; ++t)
        sums[r][t] = Kind::multiply_add(weights, activations[t], sums[r][t]);
    }
  };
  const uint8_t* fetched = ahead.rows;
  const uint32_t fetched_bytes = ahead.bytes / (p.columns / Kind::lanes + 1);
  for (uint32_t i = p.columns / Kind::lanes; i > 0; --i) {
    const uint8_t* line = fetched;
    for (uint32_t r = ahead.count; r > 0; --r, line += ahead.stride) __builtin_prefetch(line, 0, 2);
    step([](const uint8_t* at) QUIPU_IN_LINE { return Kind::load(at); },
         [](const uint8_t* at) QUIPU_IN_LINE { return Kind::weights(at); });
    w.next(Kind::w_bytes);
    x.next(Kind::x_bytes);
    fetched += fetched_bytes;
  }
  if (const uint32_t rest = p.columns % Kind::lanes)
    step([=](const uint8_t* at) QUIPU_IN_LINE { return Kind::load_some(at, rest); },
         [=](const uint8_t* at) QUIPU_IN_LINE { return Kind::some_weights(at, rest); });
  for (uint32_t t = 0; t < Tokens; ++t) {
    float* const y = p.y + t * p.y_stride + row;
    if constexpr (RowCount == 4) {
      store_sums(sums[0][t], sums[1][t], sums[2][t], sums[3][t], p.continues, y);
    } else {
      float four[4];
      store_sums(sums[0][t], none(), none(), none(), false, four);
      *y = p.continues ? *y + four[0] : four[0];
    }
  }
}

template <class Kind, uint32_t Tokens>
static QUIPU_IN_LINE inline void rows_of(const FloatProduct& p) noexcept {
  const uint32_t blocks = p.rows / 4;
  for (uint32_t i = 0; i < blocks; ++i) {
    const uint32_t first = p.ahead.count * i / blocks, last = p.ahead.count * (i + 1) / blocks;
    block<Kind, 4, Tokens>(
        p, 4 * i,
        {p.ahead.rows + first * p.ahead.stride, last - first, p.ahead.stride, p.ahead.bytes});
  }
  for (uint32_t r = 4 * blocks; r < p.rows; ++r) block<Kind, 1, Tokens>(p, r, {});
}

template <class Kind>
static QUIPU_IN_LINE inline void multiply(const FloatProduct& p) noexcept {
  switch (p.tokens) {
  case 1:
    return rows_of<Kind, 1>(p);
  case 2:
    return rows_of<Kind, 2>(p);
  case 3:
    return rows_of<Kind, 3>(p);
  case 4:
    if constexpr (float_tokens >= 4) return rows_of<Kind, 4>(p);
    break;
  case 5:
    if constexpr (float_tokens >= 5) return rows_of<Kind, 5>(p);
    break;
  case 6:
    if constexpr (float_tokens >= 6) return rows_of<Kind, 6>(p);
  }
}

static void multiply_rows(const FloatProduct& p) noexcept {
  multiply<Floats>(p);
}

void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept;
void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept {
  const size_t stride = columns * sizeof(float);
  for (uint32_t t = 0; t < tokens; t += float_tokens)
    multiply_rows({reinterpret_cast<const uint8_t*>(w),
                   stride,
                   rows,
                   reinterpret_cast<const uint8_t*>(x + size_t{t} * columns),
                   stride,
                   tokens - t < float_tokens ? tokens - t : float_tokens,
                   columns,
                   false,
                   y + t * y_stride,
                   y_stride,
                   {}});
}

#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)
static void multiply_halves(const FloatProduct& p) noexcept {
  multiply<Halves>(p);
}
static void multiply_bfloats(const FloatProduct& p) noexcept {
  multiply<Bfloats>(p);
}
#else
static constexpr auto multiply_halves = nullptr;
static constexpr auto multiply_bfloats = nullptr;
#endif

#if defined(QUIPU_CPU_ROUNDED)
#pragma GCC push_options
#pragma GCC target("avx512bf16")
static void multiply_rounded(const FloatProduct& p) noexcept {
  multiply<Rounded>(p);
}
static void round_to_bfloats(const float* x, uint32_t count, uint16_t* out) noexcept {
  round(x, count, out);
}
#pragma GCC pop_options
#else
static constexpr auto multiply_rounded = nullptr;
static constexpr auto round_to_bfloats = nullptr;
#endif

}  // namespace QUIPU_KERNEL_ISA

#define QUIPU_CPU_TABLE_(isa) isa##_floats
#define QUIPU_CPU_TABLE(isa) QUIPU_CPU_TABLE_(isa)
namespace kernel = QUIPU_KERNEL_ISA;
extern const FloatKernels QUIPU_CPU_TABLE(QUIPU_KERNEL_ISA) = {
    kernel::float_tokens,     kernel::multiply_rows,    kernel::multiply_halves,
    kernel::multiply_bfloats, kernel::multiply_rounded, kernel::round_to_bfloats};

}  // namespace quipu_cpu
