// XTC, "exclude top choices" (text-generation-webui pull request 6335): now and then takes away all
// likely candidates but the least likely of them.
#include <cmath>

#include "text/sampling/stage.h"

namespace quipu {
namespace {

class Xtc final : public Stage {
 public:
  explicit Xtc(const SamplerOptions& options)
      : probability_(options.xtc_probability), threshold_(options.xtc_threshold),
        min_keep_(static_cast<std::size_t>(options.min_keep)) {}

  void apply(Candidates& candidates, RandomNumbers& random) override {
    // The coin is thrown whatever the candidates, so that later numbers do not depend on them.
    if (random.next() >= probability_) return;
    // weight / total >= threshold, without an exponential for each.
    const double distance = -std::log(threshold_ * candidates.total_weight());
    const double least = candidates.top() - distance / candidates.scale();
    const auto likely = [&](const Candidate& c) { return c.logit >= least; };
    const auto& all = candidates.all();
    const Candidate* last = nullptr;
    std::size_t count = 0;
    for (const auto& c : all) {
      if (!likely(c)) continue;
      ++count;
      if (!last || likelier(*last, c)) last = &c;
    }
    if (count < 2 || all.size() - (count - 1) < min_keep_) return;
    rest_.clear();
    for (const auto& c : all)
      if (!likely(c) || &c == last) rest_.push_back(c);
    candidates.replace(rest_, candidates.scale());
  }

 private:
  double probability_, threshold_;
  std::size_t min_keep_;
  std::vector<Candidate> rest_;
};

}  // namespace

std::unique_ptr<Stage> make_xtc(const SamplerOptions& options) {
  // No two are likelier than a half.
  const bool on = options.xtc_probability > 0 && options.xtc_threshold <= 0.5f;
  return on ? std::make_unique<Xtc>(options) : nullptr;
}

}  // namespace quipu
