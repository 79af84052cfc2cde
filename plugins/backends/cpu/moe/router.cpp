#include "moe/router.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quipu_cpu {
namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

/// Softmax of x[count] in place, in double: routers are narrow, and experts that nearly tie must be
/// told apart alike everywhere.
void softmax(float* x, std::uint32_t count) {
  float highest = never;
  for (std::uint32_t i = 0; i < count; ++i) highest = std::max(highest, x[i]);
  double sum = 0;
  for (std::uint32_t i = 0; i < count; ++i) sum += std::exp(static_cast<double>(x[i]) - highest);
  for (std::uint32_t i = 0; i < count; ++i)
    x[i] = static_cast<float>(std::exp(static_cast<double>(x[i]) - highest) / sum);
}

/// Leaves the experts of the best groups in the race. A group is as good as its two best experts
/// together (arXiv:2412.19437, section 2.1.2), or as its best one (arXiv:2405.04434,
/// section 2.2.2).
void limit_to_groups(const quipu_moe& moe, float* choice) {
  const std::uint32_t size = moe.experts / moe.groups;
  const auto worth = [&](std::uint32_t group) {
    float best = never, second = never;
    for (std::uint32_t i = 0; i < size; ++i) {
      const float score = choice[group * size + i];
      if (score > best) {
        second = best;
        best = score;
      } else if (score > second) {
        second = score;
      }
    }
    return size > 1 && moe.group_best != 1 ? best + second : best;
  };
  // The number of better groups decides, so that no list of groups is needed. Worths are taken
  // before any group is struck out.
  constexpr std::uint32_t most_groups = 256;
  float worths[most_groups];
  const std::uint32_t groups = std::min(moe.groups, most_groups);
  for (std::uint32_t g = 0; g < groups; ++g) worths[g] = worth(g);
  for (std::uint32_t g = 0; g < groups; ++g) {
    std::uint32_t better = 0;
    for (std::uint32_t other = 0; other < groups; ++other)
      better += worths[other] > worths[g] || (worths[other] == worths[g] && other < g);
    if (better >= moe.groups_used) std::fill_n(choice + g * size, size, never);
  }
}

}  // namespace

void route(const quipu_moe& moe, const RouterWeights& weights, const float* logits, float* scores,
           std::uint32_t* chosen, float* chosen_weights) noexcept {
  float* choice = scores + moe.experts;
  std::copy_n(logits, moe.experts, scores);
  if (moe.router == QUIPU_ROUTER_SOFTMAX) softmax(scores, moe.experts);
  if (moe.router == QUIPU_ROUTER_SIGMOID)
    for (std::uint32_t i = 0; i < moe.experts; ++i)
      scores[i] = 1.0f / (1.0f + std::exp(-scores[i]));
  for (std::uint32_t i = 0; i < moe.experts; ++i)
    choice[i] = scores[i] + (weights.selection_bias ? weights.selection_bias[i] : 0.0f);
  if (moe.groups > 1 && moe.groups_used < moe.groups) limit_to_groups(moe, choice);

  // Experts that were struck out or have no number for a score come last, so that the choice is
  // always `used` different experts.
  for (std::uint32_t k = 0; k < moe.used; ++k) {
    std::uint32_t best = moe.experts;
    for (std::uint32_t i = 0; i < moe.experts; ++i) {
      if (std::find(chosen, chosen + k, i) != chosen + k) continue;
      if (best == moe.experts || choice[i] > choice[best] ||
          (std::isnan(choice[best]) && !std::isnan(choice[i])))
        best = i;
    }
    chosen[k] = best;
    chosen_weights[k] = scores[best];
  }

  if (moe.router == QUIPU_ROUTER_SOFTMAX_TOP) {
    softmax(chosen_weights, moe.used);
  } else if (moe.renormalise) {
    float sum = 0;
    for (std::uint32_t k = 0; k < moe.used; ++k) sum += chosen_weights[k];
    if (sum > 0)
      for (std::uint32_t k = 0; k < moe.used; ++k) chosen_weights[k] /= sum;
  }
  for (std::uint32_t k = 0; k < moe.used; ++k) {
    chosen_weights[k] *= moe.scale;
    if (weights.expert_scale) chosen_weights[k] *= weights.expert_scale[chosen[k]];
  }
}

}  // namespace quipu_cpu
