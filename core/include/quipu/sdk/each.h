// Loops whose index is a constant: a compiler keeps an array in registers only where it knows every
// index before it unrolls.
#pragma once

namespace quipu::sdk {
namespace {

template <int Number>
struct Index {
  __attribute__((always_inline)) constexpr operator int() const { return Number; }
};

/// body(Index<0>), body(Index<1>) ... body(Index<Count - 1>).
template <int Count, class Body>
__attribute__((always_inline)) inline void each(Body body) {
  if constexpr (Count > 0) {
    each<Count - 1>(body);
    body(Index<Count - 1>{});
  }
}

}  // namespace
}  // namespace quipu::sdk

#define QUIPU_IN_LINE __attribute__((always_inline))
