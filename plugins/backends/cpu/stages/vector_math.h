// exp, tanh, sigmoid and the normal distribution as straight-line float code that a compiler turns
// into vector code. For kernel files only: everything is static.
//
// The polynomials are minimax fits made for this file; errors are relative and were measured over
// every float of the range (tests/plugins/backends/cpu/stages/row_kernels_test.cpp).
#pragma once

namespace quipu_cpu {

static inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

/// e^x for x in [-87, 88], saturating outside; NaN stays NaN. Error 1.2e-7.
static inline float exponential(float x) {
  x = -87.0f > x ? -87.0f : x;
  x = 88.0f < x ? 88.0f : x;
  // Adding 1.5 * 2^23 rounds to the nearest integer.
  const float power = multiply_add(x, 1.44269504f, 12582912.0f) - 12582912.0f;
  float r =
      multiply_add(power, -0.693359375f, x);  // log(2) in two parts: the first product is exact
  r = multiply_add(power, 2.12194440e-4f, r);
  float p = 0.00138145965f;
  p = multiply_add(p, r, 0.00836871751f);
  p = multiply_add(p, r, 0.041668389f);
  p = multiply_add(p, r, 0.166665211f);
  p = multiply_add(p, r, 0.49999994f);
  p = multiply_add(p, r * r, r) + 1.0f;
  return p * __builtin_bit_cast(float, (static_cast<int>(power) + 127) << 23);
}

static inline float sigmoid(float x) {
  return 1.0f / (1.0f + exponential(-x));
}

/// Error 2e-7.
static inline float hyperbolic_tangent(float x) {
  const float magnitude = __builtin_fabsf(x);
  const float far = 1.0f - 2.0f / (exponential(2.0f * magnitude) + 1.0f);
  const float s = x * x;
  float p = -0.00619871868f;
  p = multiply_add(p, s, 0.0210205503f);
  p = multiply_add(p, s, -0.053840518f);
  p = multiply_add(p, s, 0.133324802f);
  p = multiply_add(p, s, -0.333333135f);
  const float near = multiply_add(p * s, x, x);
  return magnitude < 0.56f ? near : __builtin_copysignf(far, x);
}

/// Probability that a standard normal variable is below x. Error 5e-7 while the result is above
/// 1e-30. erfc(z) = e^(-z z) * p(u) / (1 + 2 z) with u = (z - 2) / (z + 2).
static inline float normal_distribution(float x) {
  float z = __builtin_fabsf(x) * 0.707106781f;
  z = 13.0f < z ? 13.0f : z;
  const float u = (z - 2.0f) / (z + 2.0f);
  float p = -0.00037065323f;
  p = multiply_add(p, u, -0.00118169014f);
  p = multiply_add(p, u, 0.00130186079f);
  p = multiply_add(p, u, 0.00858779717f);
  p = multiply_add(p, u, -0.00806388352f);
  p = multiply_add(p, u, -0.0541916229f);
  p = multiply_add(p, u, 0.164057061f);
  p = multiply_add(p, u, -0.166032627f);
  p = multiply_add(p, u, -0.092764087f);
  p = multiply_add(p, u, 1.27697837f);
  // The rounding of x * x would be multiplied by the exponent, so it is carried along.
  const float square = x * x;
  const float rest = static_cast<float>(static_cast<double>(x) * x - square);
  const float tail =
      0.5f * exponential(-0.5f * square) * (1.0f - 0.5f * rest) * p / (1.0f + 2.0f * z);
  return x < 0 ? tail : 1.0f - tail;
}

}  // namespace quipu_cpu
