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

/// Fetches what the caller will read next, a few lines with every four columns: all of a block's at
/// once keep what is read now waiting.
struct StripAhead {
  const uint8_t *next, *end, *then;
  int each, more;  ///< lines with every four columns; with how many of them one more

  explicit StripAhead(const StripView& strip) noexcept
      : next(strip.ahead), end(strip.ahead_end), then(strip.ahead_then),
        each(static_cast<int>(strip.ahead_lines / 8)),
        more(static_cast<int>(strip.ahead_lines % 8)) {}
  /// With columns 4 quad to 4 quad + 3 of each block.
  QUIPU_IN_LINE void fetch(int quad) noexcept {
    for (int line = 0; line < each; ++line) fetch_line();
    if (quad < more) fetch_line();
  }

 private:
  QUIPU_IN_LINE void fetch_line() noexcept {
    __builtin_prefetch(next, 0, 2);
    next += 64;
    next = next == end ? then : next;
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
