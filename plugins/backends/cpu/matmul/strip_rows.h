// What the kernels of all instruction sets see of a strip. For strip_kernels.cpp only.
#pragma once

#include "matmul/kernels.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

/// Where the parts of a block begin.
struct StripBlocks {
  const uint8_t *scales, *minima, *q;
  size_t bytes, group_bytes;  ///< of a block; of the scales of a group

  StripBlocks(const StripForm& form, const StripView& strip) noexcept
      : scales(strip.blocks), bytes(form.block_bytes),
        group_bytes(panel_rows * (form.halves ? 2 : 4)) {
    const size_t all = 32 / form.group * group_bytes;
    minima = scales + all;
    q = form.has_minimum ? minima + all : minima;
  }
  void next() noexcept {
    scales += bytes;
    minima += bytes;
    q += bytes;
  }
};

/// Fetches what the caller will read next, block by block.
struct StripAhead {
  const uint8_t* next;
  uint32_t lines;
  size_t bytes;

  explicit StripAhead(const StripView& strip) noexcept
      : next(strip.ahead), lines(strip.ahead_lines), bytes(strip.ahead_block_bytes) {}
  void fetch() noexcept {
    for (uint32_t line = 0; line < lines; ++line) __builtin_prefetch(next + 64 * line, 0, 2);
    next += bytes;
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
