// Mirostat (arXiv:2007.14966): keeps the surprise of the text near a target tau by cutting
// candidates at a surprise mu that learns from what was drawn.
#include <algorithm>
#include <cmath>

#include "text/sampling/offer.h"
#include "text/sampling/stage.h"

namespace quipu {
namespace {

class Mirostat : public Stage {
 public:
  explicit Mirostat(const SamplerOptions& options)
      : tau_(options.mirostat_tau), eta_(options.mirostat_eta), mu_(2 * tau_) {}

  void apply(Candidates& candidates, RandomNumbers&) override {
    cut(candidates);
    offer_.remember(candidates);
  }

  void accept(Token token) override {
    const auto likelihood = offer_.take(token);
    // A candidate too unlikely for a double would push mu to where it never comes back from.
    if (likelihood && *likelihood > 0) mu_ -= eta_ * (-std::log2(*likelihood) - tau_);
  }

 protected:
  virtual void cut(Candidates& candidates) = 0;
  double mu() const { return mu_; }

 private:
  double tau_, eta_, mu_;
  Offer offer_;
};

// Version 1: estimates Zipf's exponent from the likeliest and takes as many as have that surprise.
class Mirostat1 final : public Mirostat {
 public:
  Mirostat1(const SamplerOptions& options, std::size_t vocabulary)
      : Mirostat(options), vocabulary_(static_cast<double>(vocabulary)) {}

 private:
  // Candidates that the exponent is estimated from, as in the paper's program.
  static constexpr std::size_t sample = 100;

  void cut(Candidates& candidates) override {
    candidates.order(sample);
    const auto& all = candidates.all();
    double products = 0, squares = 0;
    for (std::size_t i = 0; i + 1 < std::min(sample, all.size()); ++i) {
      const double rank = std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
      // The logarithm of how much likelier each is than the next.
      products +=
          rank * (static_cast<double>(all[i].logit) - all[i + 1].logit) * candidates.scale();
      squares += rank * rank;
    }
    const double exponent = products / squares, epsilon = exponent - 1;
    const double count =
        std::pow(epsilon * std::exp2(mu()) / (1 - std::pow(vocabulary_, -epsilon)), 1 / exponent);
    // NaN of a single candidate or of an exponent of 0 or 1 is at least one, too.
    const double most = static_cast<double>(all.size());
    candidates.keep_highest(count >= 1 ? static_cast<std::size_t>(std::min(count, most)) : 1);
  }

  double vocabulary_;
};

class Mirostat2 final : public Mirostat {
 public:
  using Mirostat::Mirostat;

 private:
  void cut(Candidates& candidates) override {
    // Surprise of at most mu bits: likelihood of at least 2^-mu.
    const double distance = mu() * std::log(2.0) - std::log(candidates.total_weight());
    candidates.keep_near(std::max(0.0, distance), 1);
    if (distance < 0) candidates.keep_highest(1);
  }
};

}  // namespace

std::unique_ptr<Stage> make_mirostat(const SamplerOptions& options, std::size_t vocabulary) {
  if (options.mirostat == 1) return std::make_unique<Mirostat1>(options, vocabulary);
  if (options.mirostat == 2) return std::make_unique<Mirostat2>(options);
  return nullptr;
}

}  // namespace quipu
