// The kernel side of kernel.h: what a format's file becomes when it is compiled for one instruction
// set.
#pragma once

#if defined(QUIPU_KERNEL_AVX512)
#include "quipu/sdk/kernel_avx512.h"
#elif defined(QUIPU_KERNEL_AVX2)
#include "quipu/sdk/kernel_avx2.h"
#elif defined(QUIPU_KERNEL_NEON)
#include "quipu/sdk/kernel_neon.h"
#else
#include "quipu/sdk/kernel_scalar.h"
#endif

#ifndef QUIPU_KERNEL_SCALAR
#include "quipu/sdk/kernel_blocks.h"
#endif
#if defined(QUIPU_KERNEL_AVX512)
#include "quipu/sdk/kernel_avx512_fours.h"
#include "quipu/sdk/kernel_avx512_fours_panel.h"
#elif defined(QUIPU_KERNEL_AVX2)
#include "quipu/sdk/kernel_avx2_fours_panel.h"
#include "quipu/sdk/kernel_avx2_pairs.h"
#endif

namespace quipu::sdk {
namespace QUIPU_KERNEL_ISA {

template <class Format>
QUIPU_INLINE void unpack(const void* rows, size_t row_stride, uint32_t first, uint32_t count,
                         const quipu_panel* panel) {
  if constexpr (WholeBlocks<Format>::possible)
    if (panel->whole_blocks)
      return unpack_form<Format, true>(rows, row_stride, first, count, panel);
  unpack_form<Format, false>(rows, row_stride, first, count, panel);
}

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu::sdk

// `unpack` has values() of a format for every piece of a block: too often for a compiler to put all
// in place by itself, and where it calls them they share no loads (Zen 5, AVX-512: Q2_K 1.8, Q3_K
// 1.6, Q6_K 1.3 times as fast).
#define QUIPU_QUANT_PLUGIN(VERSION, LICENSE, FORMAT)                                               \
  namespace quipu::sdk::QUIPU_KERNEL_ISA {                                                         \
  void FORMAT##_dot(const void* rows, size_t row_stride, uint32_t row_count,                       \
                    const quipu_activations* x, float* y, size_t y_stride) noexcept {              \
    dot<FORMAT>(rows, row_stride, row_count, x, y, y_stride);                                      \
  }                                                                                                \
  __attribute__((flatten)) void FORMAT##_unpack(const void* rows, size_t row_stride,               \
                                                uint32_t first, uint32_t count,                    \
                                                const quipu_panel* panel) noexcept {               \
    unpack<FORMAT>(rows, row_stride, first, count, panel);                                         \
  }                                                                                                \
  void FORMAT##_dequantize(const void* blocks, uint64_t count, float* out) noexcept {              \
    dequantize_blocks<FORMAT>(blocks, count, out);                                                 \
  }                                                                                                \
  }                                                                                                \
  static_assert(true)
