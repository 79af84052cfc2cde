// The angles of rotary embeddings and the turn itself.
#pragma once

#include <span>
#include <vector>

#include "quipu/abi/architecture.h"

namespace quipu_reference {

/// Radians per position of each of the rotary / 2 pairs, scaling included. `factors` is empty or
/// has one number per pair.
std::vector<double> rope_frequencies(const quipu_rope& rope, std::span<const float> factors);

/// Turns the first `rotary` columns of one head, in place.
void turn(const quipu_rope& rope, std::span<const double> frequencies, double position,
          double magnitude, float* head);

}  // namespace quipu_reference
