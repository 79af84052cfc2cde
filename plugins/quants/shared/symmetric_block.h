// Blocks of 256 weights in 16 groups with a scale of their own: Q3_K and Q6_K.
#pragma once

#include "quipu/sdk/quantize.h"
#include "symmetric_search.h"

namespace {

/// The integers that suit scales as they are stored; where a scale is zero those in q stay.
inline void fit_to_scales(const Lanes<16> (&x)[16], const Lanes<16>& scale, float largest,
                          Lanes<16> (&q)[16]) {
  const auto stays = scale == Lanes<16>(0);
  for (int c = 0; c < 16; ++c)
    q[c] = select(stays, q[c], nearest(x[c] / scale, -largest, largest - 1) + largest);
}

}  // namespace
