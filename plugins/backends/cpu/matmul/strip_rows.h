// What the kernels of all instruction sets see of a strip. For strip_kernels.cpp only.
#pragma once

#include "matmul/kernels.h"
#include "quipu/sdk/each.h"

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

/// Fetches what the caller will read next, a line with every four columns: all of a block's at once
/// keep what is read now waiting. No branches, which would part what a compiler interleaves: fewer
/// lines than eight for each block are fetched more than once.
struct StripAhead {
  const uint8_t *next, *end, *then;
  size_t step;
  uint32_t more;  ///< lines of each block

  explicit StripAhead(const StripView& strip) noexcept
      : next(strip.ahead), end(strip.ahead_end), then(strip.ahead_then),
        step(strip.ahead_lines < 8 ? 8 * strip.ahead_lines : 64),
        more(strip.ahead_lines > 8 ? strip.ahead_lines - 8 : 0) {}
  /// With every four columns of a block.
  QUIPU_IN_LINE void fetch() noexcept {
    __builtin_prefetch(next, 0, 2);
    next += step;
    next = next == end ? then : next;
  }
  /// After each block.
  QUIPU_IN_LINE void fetch_more() noexcept {
    for (uint32_t line = 0; line < more; ++line) fetch();
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
