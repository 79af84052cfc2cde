// Where the rows after the first few of a tile lie. For kernel files only: everything is static.
#pragma once

#include "matmul/kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

static inline TileInput from_row(const TileInput& x, int t) noexcept {
  return {x.q + t * x.q_stride,     x.q_stride,   x.scale + t * x.scale_stride, x.scale_stride,
          x.sum + t * x.sum_stride, x.sum_stride, x.total + t * x.total_stride, x.total_stride};
}

static inline TileOutput from_row(const TileOutput& out, int t) noexcept {
  TileOutput rest = out;
  rest.c += t * out.c_stride;
  if (rest.y) rest.y += t * out.y_stride;
  if (rest.addend) rest.addend += t * out.addend_stride;
  return rest;
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
