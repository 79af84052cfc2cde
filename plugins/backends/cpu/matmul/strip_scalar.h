// Strips in plain C++. For strip_kernels.cpp only.
#pragma once

#include "matmul/strip_rows.h"
#include "quipu/sdk/half.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

static inline float load_factor(const uint8_t* p, bool halves, uint32_t row) {
  if (halves) {
    uint16_t half;
    __builtin_memcpy(&half, p + 2 * row, sizeof half);
    return quipu::sdk::half_to_float(half);
  }
  float factor;
  __builtin_memcpy(&factor, p + 4 * row, sizeof factor);
  return factor;
}

template <int Tokens, int Group, bool Nibbles>
static void strip_rows(const TileInput& x, const StripForm& form, const StripView& strip,
                       const TileOutput& out) noexcept {
  const auto weight = [](const uint8_t* q, uint32_t row, uint32_t j) -> int32_t {
    if (!Nibbles) return q[j / 4 * 128 + row * 4 + j % 4];
    const uint8_t both = q[j / 4 % 4 * 128 + row * 4 + j % 4];
    return j < 16 ? both & 15 : both >> 4;
  };
  for (int t = 0; t < Tokens; ++t)
    for (uint32_t r = 0; r < panel_rows; ++r) {
      float sum = out.continues ? out.c[t * out.c_stride + r] : 0;
      StripBlocks w(form, strip);
      for (uint32_t column = 0; column < strip.columns; column += 32, w.next())
        for (uint32_t part = 0; part < 32 / Group; ++part) {
          const uint32_t g = column / Group + part;
          int32_t dot = -form.zero * x.total[t * x.total_stride + g];
          for (uint32_t j = part * Group; j < (part + 1) * Group; ++j)
            dot += weight(w.q, r, j) * x.q[t * x.q_stride + column + j];
          sum += static_cast<float>(dot) *
                 (load_factor(w.scales + part * w.group_bytes, form.halves, r) *
                  x.scale[t * x.scale_stride + column / 32]);
          if (form.has_minimum)
            sum += load_factor(w.minima + part * w.group_bytes, form.halves, r) *
                   x.sum[t * x.sum_stride + g];
        }
      if (out.y && out.bias) sum += out.bias[r];
      if (out.y && out.addend) sum += out.addend[t * out.addend_stride + r];
      (out.y ? out.y[t * out.y_stride + r] : out.c[t * out.c_stride + r]) = sum;
    }
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
