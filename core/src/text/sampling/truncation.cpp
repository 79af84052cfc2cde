// Stages that keep the likeliest candidates, each by a rule of its own.
#include <cmath>

#include "text/sampling/ranking.h"
#include "text/sampling/stage.h"

namespace quipu {
namespace {

class TopK final : public Stage {
 public:
  explicit TopK(std::int32_t count) : count_(static_cast<std::size_t>(count)) {}
  void apply(Candidates& candidates, RandomNumbers&) override { candidates.keep_highest(count_); }

 private:
  std::size_t count_;
};

// The fewest that make up p (arXiv:1904.09751).
class TopP final : public Stage {
 public:
  TopP(double p, std::size_t min_keep) : p_(p), min_keep_(min_keep) {}

  void apply(Candidates& candidates, RandomNumbers&) override {
    if (candidates.ordered() < candidates.all().size()) return cut_unordered(candidates);
    const double total = candidates.total_weight();
    const auto& all = candidates.all();
    double reached = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      reached += candidates.weight(all[i]) / total;
      if (reached >= p_ && i + 1 >= min_keep_) return candidates.keep_highest(i + 1);
    }
  }

 private:
  void cut_unordered(Candidates& candidates) {
    ranking_.clear();
    for (const auto& c : candidates.all())
      ranking_.add(c, (static_cast<double>(candidates.top()) - c.logit) * candidates.scale(),
                   candidates.weight(c));
    ranking_.keep(p_, Ranking::Enough::at_least, min_keep_, kept_);
    candidates.replace(kept_, candidates.scale());
  }

  double p_;
  std::size_t min_keep_;
  Ranking ranking_;
  std::vector<Candidate> kept_;
};

// Those at least p times as likely as the likeliest (arXiv:2407.01082).
class MinP final : public Stage {
 public:
  MinP(double p, std::size_t min_keep) : distance_(-std::log(p)), min_keep_(min_keep) {}
  void apply(Candidates& candidates, RandomNumbers&) override {
    candidates.keep_near(distance_, min_keep_);
  }

 private:
  double distance_;
  std::size_t min_keep_;
};

// Those within n standard deviations of the highest logit (arXiv:2411.07641).
class TopNSigma final : public Stage {
 public:
  explicit TopNSigma(double n) : n_(n) {}
  void apply(Candidates& candidates, RandomNumbers&) override {
    candidates.keep_near(n_ * candidates.deviation() * candidates.scale(), 1);
  }

 private:
  double n_;
};

// The fewest that make up p, nearest first to the surprise that is to be expected: the entropy
// (arXiv:2202.00666). As in llama.cpp they must make up more than p.
class TypicalP final : public Stage {
 public:
  TypicalP(double p, std::size_t min_keep) : p_(p), min_keep_(min_keep) {}

  void apply(Candidates& candidates, RandomNumbers&) override {
    const auto distance = [&](const Candidate& c) {
      return (static_cast<double>(candidates.top()) - c.logit) * candidates.scale();
    };
    // A candidate's surprise is its distance from the likeliest and the logarithm of the sum of all
    // weights; so is the entropy with the mean distance.
    double total = 0, distances = 0;
    for (const auto& c : candidates.all()) {
      const double weight = candidates.weight(c);
      total += weight;
      if (weight > 0) distances += weight * distance(c);
    }
    ranking_.clear();
    for (const auto& c : candidates.all())
      ranking_.add(c, std::abs(distance(c) - distances / total), candidates.weight(c));
    ranking_.keep(p_, Ranking::Enough::more, min_keep_, kept_);
    candidates.replace(kept_, candidates.scale());
  }

 private:
  double p_;
  std::size_t min_keep_;
  Ranking ranking_;
  std::vector<Candidate> kept_;
};

std::size_t min_keep(const SamplerOptions& options) {
  return static_cast<std::size_t>(options.min_keep);
}

}  // namespace

std::unique_ptr<Stage> make_top_k(const SamplerOptions& options) {
  return options.top_k > 0 ? std::make_unique<TopK>(options.top_k) : nullptr;
}
std::unique_ptr<Stage> make_top_p(const SamplerOptions& options) {
  return options.top_p < 1 ? std::make_unique<TopP>(options.top_p, min_keep(options)) : nullptr;
}
std::unique_ptr<Stage> make_min_p(const SamplerOptions& options) {
  return options.min_p > 0 ? std::make_unique<MinP>(options.min_p, min_keep(options)) : nullptr;
}
std::unique_ptr<Stage> make_top_n_sigma(const SamplerOptions& options) {
  return options.top_n_sigma > 0 ? std::make_unique<TopNSigma>(options.top_n_sigma) : nullptr;
}
std::unique_ptr<Stage> make_typical_p(const SamplerOptions& options) {
  return options.typical_p < 1 ? std::make_unique<TypicalP>(options.typical_p, min_keep(options))
                               : nullptr;
}

}  // namespace quipu
