// Adaptive p (llama.cpp pull request 17927): makes candidates near a target likelihood likely, and
// moves the target against the mean of what was drawn.
#include <algorithm>
#include <cmath>

#include "text/sampling/offer.h"
#include "text/sampling/stage.h"

namespace quipu {
namespace {

// The curve of logits around the target, as there: its top, its steepness and its width.
constexpr double peak = 5, sharpness = 10, width = 0.3;

class AdaptiveP final : public Stage {
 public:
  explicit AdaptiveP(const SamplerOptions& options)
      : target_(options.adaptive_target), decay_(options.adaptive_decay),
        sum_(target_ / (1 - decay_)), weight_(1 / (1 - decay_)) {}

  void apply(Candidates& candidates, RandomNumbers&) override {
    offer_.remember(candidates);
    const double target = std::clamp(2 * target_ - sum_ / weight_, 0.0, 1.0);
    const double total = candidates.total_weight();
    changed_.clear();
    for (const auto& c : candidates.all()) {
      const double distance = std::abs(candidates.weight(c) / total - target) / width;
      const double logit = peak - sharpness * distance * distance / (1 + distance);
      changed_.push_back({static_cast<float>(logit), c.token});
    }
    candidates.replace(changed_, 1);
  }

  void accept(Token token) override {
    const auto likelihood = offer_.take(token);
    if (!likelihood) return;
    sum_ = *likelihood + decay_ * sum_;
    weight_ = 1 + decay_ * weight_;
  }

 private:
  double target_, decay_;
  double sum_, weight_;  // of the likelihoods drawn, older ones decayed
  Offer offer_;
  std::vector<Candidate> changed_;
};

}  // namespace

std::unique_ptr<Stage> make_adaptive_p(const SamplerOptions& options) {
  return options.adaptive_target >= 0 ? std::make_unique<AdaptiveP>(options) : nullptr;
}

}  // namespace quipu
