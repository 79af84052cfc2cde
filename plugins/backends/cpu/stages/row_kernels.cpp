// Compiled once per instruction set; the loops are written so that the compiler vectorises them.
#include "stages/row_kernels.h"

#include "stages/vector_math.h"

#define QUIPU_JOIN_(a, b) a##b
#define QUIPU_JOIN(a, b) QUIPU_JOIN_(a, b)

namespace quipu_cpu {
namespace {

// ivdep below: y may be x itself, but never overlaps it otherwise.

// Sums are taken in eight doubles whatever the instruction set: eight independent additions hide
// the latency, and rounding is that of a double.
typedef double Sums __attribute__((vector_size(64)));
typedef float Eight __attribute__((vector_size(32)));

// Sums go by reference: by value they would be passed differently with every instruction set.
inline void load(const float* x, Sums& out) {
  Eight values;
  __builtin_memcpy(&values, x, sizeof values);
  out = __builtin_convertvector(values, Sums);
}

inline double total(const Sums& s) {
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/// Sum of (x - center)^power for power 1 or 2.
template <int power>
double sum(const float* x, std::size_t width, double center) {
  Sums a{}, b{};
  std::size_t i = 0;
  for (; i + 16 <= width; i += 16) {
    Sums p, q;
    load(x + i, p);
    load(x + i + 8, q);
    p -= center;
    q -= center;
    a += power == 2 ? p * p : p;
    b += power == 2 ? q * q : q;
  }
  a += b;
  double rest = 0;
  for (; i < width; ++i) {
    const double d = static_cast<double>(x[i]) - center;
    rest += power == 2 ? d * d : d;
  }
  return total(a) + rest;
}

void normalise(const float* x, std::size_t width, float mean, double variance, float epsilon,
               const float* gain, const float* bias, float* y) {
  const float factor = static_cast<float>(1.0 / __builtin_sqrt(variance + epsilon));
  if (gain && bias)
#pragma GCC ivdep
    for (std::size_t i = 0; i < width; ++i) y[i] = (x[i] - mean) * factor * gain[i] + bias[i];
  else if (gain)
#pragma GCC ivdep
    for (std::size_t i = 0; i < width; ++i) y[i] = (x[i] - mean) * factor * gain[i];
  else if (bias)
#pragma GCC ivdep
    for (std::size_t i = 0; i < width; ++i) y[i] = (x[i] - mean) * factor + bias[i];
  else
#pragma GCC ivdep
    for (std::size_t i = 0; i < width; ++i) y[i] = (x[i] - mean) * factor;
}

void rms_norm(const float* x, std::size_t width, float epsilon, const float* gain,
              const float* bias, float* y) {
  const double mean_square = sum<2>(x, width, 0.0) / static_cast<double>(width);
  normalise(x, width, 0.0f, mean_square, epsilon, gain, bias, y);
}

void layer_norm(const float* x, std::size_t width, float epsilon, const float* gain,
                const float* bias, float* y) {
  const float mean = static_cast<float>(sum<1>(x, width, 0.0) / static_cast<double>(width));
  const double variance = sum<2>(x, width, mean) / static_cast<double>(width);
  normalise(x, width, mean, variance, epsilon, gain, bias, y);
}

inline float silu(float x) {
  return x * sigmoid(x);
}
inline float gelu_erf(float x) {
  return x * normal_distribution(x);
}
// 0.5 * (1 + tanh(u)) is sigmoid(2 u), which keeps its digits where tanh is near -1.
inline float gelu_tanh(float x) {
  return x * sigmoid(2.0f * 0.797884561f * multiply_add(0.044715f * x, x * x, x));
}
inline float gelu_quick(float x) {
  return x * sigmoid(1.702f * x);
}
inline float relu(float x) {
  return 0.0f > x ? 0.0f : x;
}
inline float relu_squared(float x) {
  return relu(x) * relu(x);
}

template <float (*Function)(float)>
void map(const float* x, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = Function(x[i]);
}

template <float (*Function)(float)>
void map_gated(const float* gate, const float* up, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = Function(gate[i]) * up[i];
}

void activate(std::uint32_t kind, const float* x, std::size_t width, float* y) {
  switch (kind) {
  case QUIPU_ACT_SILU:
    return map<silu>(x, width, y);
  case QUIPU_ACT_GELU_ERF:
    return map<gelu_erf>(x, width, y);
  case QUIPU_ACT_GELU_TANH:
    return map<gelu_tanh>(x, width, y);
  case QUIPU_ACT_GELU_QUICK:
    return map<gelu_quick>(x, width, y);
  case QUIPU_ACT_RELU:
    return map<relu>(x, width, y);
  case QUIPU_ACT_RELU_SQUARED:
    return map<relu_squared>(x, width, y);
  case QUIPU_ACT_SIGMOID:
    return map<sigmoid>(x, width, y);
  default:
    return map<hyperbolic_tangent>(x, width, y);
  }
}

void swiglu_clamped(float alpha, float limit, const float* gate, const float* up, std::size_t width,
                    float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) {
    const float g = limit < gate[i] ? limit : gate[i];
    float u = limit < up[i] ? limit : up[i];
    u = -limit > u ? -limit : u;
    y[i] = g * sigmoid(alpha * g) * (u + 1.0f);
  }
}

void gated(const quipu_activation& activation, const float* gate, const float* up,
           std::size_t width, float* y) {
  switch (activation.kind) {
  case QUIPU_ACT_SILU:
    return map_gated<silu>(gate, up, width, y);
  case QUIPU_ACT_GELU_ERF:
    return map_gated<gelu_erf>(gate, up, width, y);
  case QUIPU_ACT_GELU_TANH:
    return map_gated<gelu_tanh>(gate, up, width, y);
  case QUIPU_ACT_GELU_QUICK:
    return map_gated<gelu_quick>(gate, up, width, y);
  case QUIPU_ACT_RELU:
    return map_gated<relu>(gate, up, width, y);
  case QUIPU_ACT_RELU_SQUARED:
    return map_gated<relu_squared>(gate, up, width, y);
  case QUIPU_ACT_SIGMOID:
    return map_gated<sigmoid>(gate, up, width, y);
  case QUIPU_ACT_TANH:
    return map_gated<hyperbolic_tangent>(gate, up, width, y);
  default:
    return swiglu_clamped(activation.alpha, activation.limit, gate, up, width, y);
  }
}

void rotate_adjacent(const float* x, const float* cosine, const float* sine, std::size_t pairs,
                     float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    y[2 * i] = a * cosine[i] - b * sine[i];
    y[2 * i + 1] = a * sine[i] + b * cosine[i];
  }
}

void rotate_halves(const float* x, const float* cosine, const float* sine, std::size_t pairs,
                   float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < pairs; ++i) {
    const float a = x[i], b = x[pairs + i];
    y[i] = a * cosine[i] - b * sine[i];
    y[pairs + i] = a * sine[i] + b * cosine[i];
  }
}

void add(const float* a, const float* b, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = a[i] + b[i];
}

void add_scalar(const float* a, float b, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = a[i] + b;
}

void multiply(const float* a, const float* b, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = a[i] * b[i];
}

void scale(const float* x, float factor, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = x[i] * factor;
}

void clamp(const float* x, float low, float high, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) {
    const float raised = low > x[i] ? low : x[i];
    y[i] = high < raised ? high : raised;
  }
}

void softcap(const float* x, float cap, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] = cap * hyperbolic_tangent(x[i] / cap);
}

void accumulate(const float* x, float factor, std::size_t width, float* y) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < width; ++i) y[i] += factor * x[i];
}

}  // namespace

extern const RowKernels QUIPU_JOIN(row_kernels_, QUIPU_KERNEL_ISA);
const RowKernels QUIPU_JOIN(row_kernels_, QUIPU_KERNEL_ISA){
    rms_norm,   layer_norm, activate, gated, rotate_adjacent, rotate_halves, add,
    add_scalar, multiply,   scale,    clamp, softcap,         accumulate};

}  // namespace quipu_cpu
