// Which experts a token goes to, and with what weights.
#pragma once

#include <cstdint>

#include "quipu/abi/architecture.h"

namespace quipu_cpu {

/// Constant inputs of a router; each [experts] or null.
struct RouterWeights {
  const float* selection_bias = nullptr;  ///< added to the scores for choosing only
  const float* expert_scale = nullptr;    ///< multiplies the weight of a chosen expert
};

/// Chooses moe.used different experts for a token from its logits [experts], best first, the lower
/// number where two are equal. `scores` is scratch for 2 * experts floats.
void route(const quipu_moe& moe, const RouterWeights& weights, const float* logits, float* scores,
           std::uint32_t* chosen, float* chosen_weights) noexcept;

}  // namespace quipu_cpu
