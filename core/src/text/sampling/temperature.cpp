// Temperature, fixed or by how sure the model is.
#include <algorithm>
#include <cmath>

#include "text/sampling/stage.h"

namespace quipu {
namespace {

void warm(Candidates& candidates, double temperature) {
  if (temperature > 0)
    candidates.sharpen(1 / temperature);
  else
    candidates.keep_highest(1);
}

class Temperature final : public Stage {
 public:
  explicit Temperature(double temperature) : temperature_(temperature) {}
  void apply(Candidates& candidates, RandomNumbers&) override { warm(candidates, temperature_); }

 private:
  double temperature_;
};

// Dynamic temperature (llama.cpp pull request 4972): from temperature - range, when the model is
// sure, to temperature + range, when all candidates are equally likely.
class DynamicTemperature final : public Stage {
 public:
  explicit DynamicTemperature(const SamplerOptions& options)
      : least_(std::max(0.0f, options.temperature - options.dynatemp_range)),
        most_(options.temperature + options.dynatemp_range), exponent_(options.dynatemp_exponent) {}

  void apply(Candidates& candidates, RandomNumbers&) override {
    const std::size_t count = candidates.all().size();
    if (count < 2) return;
    const double total = candidates.total_weight();
    double entropy = 0;
    for (const auto& c : candidates.all())
      if (const double likelihood = candidates.weight(c) / total; likelihood > 0)
        entropy -= likelihood * std::log(likelihood);
    const double sureness = std::clamp(entropy / std::log(static_cast<double>(count)), 0.0, 1.0);
    warm(candidates, least_ + (most_ - least_) * std::pow(sureness, exponent_));
  }

 private:
  double least_, most_, exponent_;
};

}  // namespace

std::unique_ptr<Stage> make_temperature(const SamplerOptions& options) {
  if (options.dynatemp_range > 0) return std::make_unique<DynamicTemperature>(options);
  return options.temperature != 1 ? std::make_unique<Temperature>(options.temperature) : nullptr;
}

}  // namespace quipu
