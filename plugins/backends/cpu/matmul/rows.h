// Where the rows lie that a tile or a strip multiplies. For kernel files only.
#pragma once

#include <stddef.h>

#include "quipu/sdk/each.h"

namespace quipu_cpu {
namespace QUIPU_KERNEL_ISA {

// Up to three times Triples rows that lie a stride apart, in a register for three and one more: of
// a pointer for each a compiler spills most, so it must not see what next() adds.
template <class Number, int Triples>
struct Rows {
  const Number* first[Triples];
  size_t stride;

  QUIPU_IN_LINE Rows(const Number* row, size_t stride) : stride(stride) {
    quipu::sdk::each<Triples>([&](auto i) QUIPU_IN_LINE { first[i] = row + 3 * i * stride; });
  }

  QUIPU_IN_LINE const Number* operator[](int t) const { return first[t / 3] + t % 3 * stride; }
  QUIPU_IN_LINE void next(int count) {
    quipu::sdk::each<Triples>([&](auto i) QUIPU_IN_LINE {
      first[i] += count;
      asm("" : "+r"(first[i]));
    });
    asm("" : "+r"(stride));
  }
};

}  // namespace QUIPU_KERNEL_ISA
}  // namespace quipu_cpu
