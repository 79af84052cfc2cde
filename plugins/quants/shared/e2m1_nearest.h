// The nearest numbers E2M1, for the quantisers of MXFP4 and NVFP4. Definition: best_index_mxfp4 of
// ggml.
#pragma once

#include "lanes.h"

namespace {

/// Of the codes whose doubled levels times `scale` are nearest to x the first one: a zero is
/// positive. A code is a magnitude, and 8 more for a negative number.
template <int Count>
void nearest_e2m1(const float* x, float scale, std::uint8_t (&q)[Count]) {
  constexpr float levels[] = {0, 1, 2, 3, 4, 6, 8, 12};
  for (int first = 0; first < Count; first += 8) {
    Lanes<8> number[1], codes(0);
    load_groups(x + first, number);
    const auto size = magnitude(number[0]);
    auto least = size;
    for (int code = 1; code < 8; ++code) {
      const auto error = magnitude(levels[code] * scale - size);
      const auto better = error < least;
      least = select(better, error, least);
      codes = select(better, Lanes<8>(static_cast<float>(code)), codes);
    }
    const auto negative = (number[0] < Lanes<8>(0)) & (codes > Lanes<8>(0));
    const Lanes<8> signed_codes[] = {select(negative, codes + 8, codes)};
    store_groups(signed_codes, q + first);
  }
}

}  // namespace
