// Matrix products of floats: what codecs without an integer form go through for few tokens, and for
// many where there is no OpenBLAS.
#include "matmul/kernels.h"

#if defined(QUIPU_KERNEL_AVX2) || defined(QUIPU_KERNEL_AVX512)
#include <immintrin.h>
#elif defined(QUIPU_KERNEL_NEON)
#include <arm_neon.h>
#endif

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept;

#if !defined(QUIPU_KERNEL_SCALAR)

#if defined(QUIPU_KERNEL_AVX512)
constexpr uint32_t most_tokens = 6;  // 24 accumulators, four weights and an activation in registers
constexpr uint32_t lanes = 16;
using Vector = __m512;
static inline Vector none() {
  return _mm512_setzero_ps();
}
static inline Vector load(const float* p) {
  return _mm512_loadu_ps(p);
}
static inline Vector load_some(const float* p, uint32_t count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p);
}
static inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return _mm512_fmadd_ps(a, b, c);
}
static inline float sum(Vector v) {
  return _mm512_reduce_add_ps(v);
}
#elif defined(QUIPU_KERNEL_AVX2)
constexpr uint32_t most_tokens = 3;  // 12 accumulators, three activations and a weight in registers
constexpr uint32_t lanes = 8;
using Vector = __m256;
static inline Vector none() {
  return _mm256_setzero_ps();
}
static inline Vector load(const float* p) {
  return _mm256_loadu_ps(p);
}
static inline Vector load_some(const float* p, uint32_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_maskload_ps(p,
                            _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane));
}
static inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return _mm256_fmadd_ps(a, b, c);
}
static inline float sum(Vector v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
#else
constexpr uint32_t most_tokens = 6;  // 24 accumulators, four weights and an activation in registers
constexpr uint32_t lanes = 4;
using Vector = float32x4_t;
static inline Vector none() {
  return vdupq_n_f32(0);
}
static inline Vector load(const float* p) {
  return vld1q_f32(p);
}
static inline Vector load_some(const float* p, uint32_t count) {
  float some[lanes] = {};
  __builtin_memcpy(some, p, count * sizeof *p);
  return vld1q_f32(some);
}
static inline Vector multiply_add(Vector a, Vector b, Vector c) {
  return vfmaq_f32(c, a, b);
}
static inline float sum(Vector v) {
  return vaddvq_f32(v);
}
#endif

// One accumulator for each sum, so that its order of additions is the same in a block of any shape.
template <uint32_t Rows, uint32_t Tokens>
static void block(const float* w, const float* x, uint32_t columns, float* y,
                  size_t y_stride) noexcept {
  Vector sums[Rows][Tokens];
  for (auto& row : sums)
    for (Vector& each : row) each = none();
  const auto step = [&](auto read, uint32_t j) {
    Vector weights[Rows];
    for (uint32_t r = 0; r < Rows; ++r) weights[r] = read(w + size_t{r} * columns + j);
    for (uint32_t t = 0; t < Tokens; ++t) {
      const Vector activations = read(x + size_t{t} * columns + j);
      for (uint32_t r = 0; r < Rows; ++r)
        sums[r][t] = multiply_add(weights[r], activations, sums[r][t]);
    }
  };
  const uint32_t whole = columns / lanes * lanes, rest = columns - whole;
  for (uint32_t j = 0; j < whole; j += lanes) step([](const float* p) { return load(p); }, j);
  if (rest) step([rest](const float* p) { return load_some(p, rest); }, whole);
  for (uint32_t t = 0; t < Tokens; ++t)
    for (uint32_t r = 0; r < Rows; ++r) y[t * y_stride + r] = sum(sums[r][t]);
}

template <uint32_t Rows>
static void rows_of(const float* w, const float* x, uint32_t tokens, uint32_t columns, float* y,
                    size_t y_stride) noexcept {
  for (; tokens >= most_tokens; tokens -= most_tokens) {
    block<Rows, most_tokens>(w, x, columns, y, y_stride);
    x += size_t{most_tokens} * columns;
    y += most_tokens * y_stride;
  }
  for (; tokens > 0; --tokens, x += columns, y += y_stride)
    block<Rows, 1>(w, x, columns, y, y_stride);
}

void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept {
  for (; rows >= 4; rows -= 4, w += size_t{4} * columns, y += 4)
    rows_of<4>(w, x, tokens, columns, y, y_stride);
  for (; rows > 0; --rows, w += columns, ++y) rows_of<1>(w, x, tokens, columns, y, y_stride);
}

#else

void multiply_floats(const float* w, uint32_t rows, const float* x, uint32_t tokens,
                     uint32_t columns, float* y, size_t y_stride) noexcept {
  for (uint32_t t = 0; t < tokens; ++t)
    for (uint32_t r = 0; r < rows; ++r) {
      float sum = 0;
      for (uint32_t j = 0; j < columns; ++j)
        sum += w[size_t{r} * columns + j] * x[size_t{t} * columns + j];
      y[t * y_stride + r] = sum;
    }
}

#endif

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
