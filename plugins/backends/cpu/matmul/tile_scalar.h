// The tile in plain words. For tile_kernels.cpp only.
#pragma once

#include "matmul/kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

constexpr uint32_t most_tokens = 6;

template <int Tokens, int Group, bool Minimum>
static void tile_rows(const TileInput& x, const PanelView& p, const TileOutput& out) noexcept {
  for (int t = 0; t < Tokens; ++t)
    for (uint32_t r = 0; r < panel_rows; ++r) {
      float sum = out.continues ? out.c[t * out.c_stride + r] : 0;
      for (uint32_t g = 0; g < p.columns / Group; ++g) {
        int32_t dot = -p.zero * x.total[t * x.total_stride + g];
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

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
