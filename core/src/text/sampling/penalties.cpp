// Changes of single logits: biases, and penalties for what was seen lately. CTRL
// (arXiv:1909.05858) for repetition; frequency and presence as the OpenAI API defines them.
#include <deque>

#include "text/sampling/stage.h"

namespace quipu {
namespace {

class LogitBias final : public Stage {
 public:
  explicit LogitBias(const SamplerOptions& options) {
    for (const auto& [token, bias] : options.logit_bias) biases_[token] += bias;
  }

  void apply(Candidates& candidates, RandomNumbers&) override {
    candidates.change(biases_, [](float logit, float bias) { return logit + bias; });
  }

 private:
  std::unordered_map<Token, float> biases_;
};

class Penalties final : public Stage {
 public:
  explicit Penalties(const SamplerOptions& options)
      : last_(options.repeat_last), repeat_(options.repeat_penalty),
        frequency_(options.frequency_penalty), presence_(options.presence_penalty) {}

  void apply(Candidates& candidates, RandomNumbers&) override {
    candidates.change(counts_, [&](float logit, int count) {
      // The paper only divides, which would make a negative logit likelier.
      logit = logit <= 0 ? logit * repeat_ : logit / repeat_;
      return logit - (static_cast<float>(count) * frequency_ + presence_);
    });
  }

  void accept(Token token) override {
    ++counts_[token];
    if (last_ < 0) return;
    recent_.push_back(token);
    if (recent_.size() <= static_cast<std::size_t>(last_)) return;
    const auto oldest = counts_.find(recent_.front());
    if (--oldest->second == 0) counts_.erase(oldest);
    recent_.pop_front();
  }

 private:
  std::int32_t last_;
  float repeat_, frequency_, presence_;
  std::deque<Token> recent_;
  std::unordered_map<Token, int> counts_;  // of the recent tokens
};

}  // namespace

std::unique_ptr<Stage> make_logit_bias(const SamplerOptions& options) {
  return options.logit_bias.empty() ? nullptr : std::make_unique<LogitBias>(options);
}

std::unique_ptr<Stage> make_penalties(const SamplerOptions& options) {
  const bool penalises =
      options.repeat_last != 0 && (options.repeat_penalty != 1 || options.frequency_penalty != 0 ||
                                   options.presence_penalty != 0);
  return penalises ? std::make_unique<Penalties>(options) : nullptr;
}

}  // namespace quipu
