#include "quipu/sampler.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <random>
#include <unordered_map>

#include "quipu/error.h"
#include "text/random.h"

namespace quipu {
namespace {

void require(bool holds, const char* option, const char* expected, double found) {
  if (!holds)
    throw Error(ErrorCode::usage, std::string(option) + ": expected " + expected + ", found " +
                                      std::to_string(found));
}

struct Candidate {
  float logit;
  Token token;
};

// Likelier first; equal ones by id, so that the order never depends on how it was found.
bool likelier(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

}  // namespace

struct Sampler::State {
  SamplerOptions options;
  std::size_t vocabulary;
  std::uint64_t seed;
  std::uint64_t step = 0;
  std::deque<Token> recent;
  std::unordered_map<Token, int> counts;  // of the recent tokens
  std::vector<Candidate> candidates;

  bool penalises() const noexcept {
    return options.repeat_last != 0 &&
           (options.repeat_penalty != 1 || options.frequency_penalty != 0 ||
            options.presence_penalty != 0);
  }

  float penalised(float logit, int count) const noexcept {
    // CTRL (arXiv:1909.05858) for repetition; frequency and presence as the OpenAI API defines
    // them.
    logit = logit <= 0 ? logit * options.repeat_penalty : logit / options.repeat_penalty;
    return logit - static_cast<float>(count) * options.frequency_penalty - options.presence_penalty;
  }

  void penalise(std::vector<Candidate>& all) const {
    for (const auto& [token, count] : counts)
      if (token >= 0 && static_cast<std::size_t>(token) < all.size()) {
        auto& logit = all[static_cast<std::size_t>(token)].logit;
        logit = penalised(logit, count);
      }
  }

  Token draw();
};

Sampler::Sampler(SamplerOptions options, std::size_t vocabulary)
    : state_(std::make_unique<State>()) {
  require(std::isfinite(options.temperature) && options.temperature >= 0, "temperature",
          "0 or more", options.temperature);
  require(options.top_k >= 0, "top_k", "0 or more", options.top_k);
  require(options.top_p >= 0 && options.top_p <= 1, "top_p", "0 to 1", options.top_p);
  require(options.min_p >= 0 && options.min_p <= 1, "min_p", "0 to 1", options.min_p);
  require(options.repeat_last >= -1, "repeat_last", "-1 or more", options.repeat_last);
  require(std::isfinite(options.repeat_penalty) && options.repeat_penalty > 0, "repeat_penalty",
          "a positive number", options.repeat_penalty);
  require(std::isfinite(options.frequency_penalty), "frequency_penalty", "a number",
          options.frequency_penalty);
  require(std::isfinite(options.presence_penalty), "presence_penalty", "a number",
          options.presence_penalty);
  state_->options = options;
  state_->vocabulary = vocabulary;
  state_->seed = options.seed ? *options.seed : std::random_device()();
}

Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;

std::uint64_t Sampler::seed() const noexcept {
  return state_->seed;
}

void Sampler::accept(Token token) {
  auto& s = *state_;
  if (!s.penalises()) return;
  s.recent.push_back(token);
  ++s.counts[token];
  if (s.options.repeat_last > 0 &&
      s.recent.size() > static_cast<std::size_t>(s.options.repeat_last)) {
    const auto oldest = s.counts.find(s.recent.front());
    if (--oldest->second == 0) s.counts.erase(oldest);
    s.recent.pop_front();
  }
}

Token Sampler::sample(std::span<const float> logits) {
  auto& s = *state_;
  float top = -std::numeric_limits<float>::infinity();
  bool number = true;
  for (const float logit : logits) {
    number = number && !std::isnan(logit);
    top = std::max(top, logit);
  }
  if (!number || !std::isfinite(top))
    throw Error(ErrorCode::invalid, number
                                        ? "logits: expected a finite number among them, found none"
                                        : "logits: expected numbers, found NaN");
  if (s.options.temperature == 0 && !s.penalises())
    return static_cast<Token>(std::ranges::find(logits, top) - logits.begin());

  s.candidates.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i)
    s.candidates[i] = {logits[i], static_cast<Token>(i)};
  if (s.penalises()) s.penalise(s.candidates);
  if (s.options.temperature == 0) return std::ranges::min_element(s.candidates, likelier)->token;
  return s.draw();
}

Token Sampler::State::draw() {
  const std::size_t all = candidates.size();
  std::size_t keep =
      options.top_k > 0 ? std::min(all, static_cast<std::size_t>(options.top_k)) : all;
  if (keep < all) {
    std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(keep),
                     candidates.end(), likelier);
    candidates.resize(keep);
  }
  std::ranges::sort(candidates, likelier);
  // Top-p and min-p look at the distribution before temperature, as the order of the chain says.
  const float top = candidates[0].logit;
  double sum = 0;
  for (const auto& c : candidates) sum += std::exp(static_cast<double>(c.logit) - top);
  if (options.top_p < 1) {
    double reached = 0;
    for (std::size_t i = 0; i < keep; ++i) {
      reached += std::exp(static_cast<double>(candidates[i].logit) - top) / sum;
      if (reached >= options.top_p) {
        keep = i + 1;
        break;
      }
    }
  }
  if (options.min_p > 0) {
    const float least = top + std::log(options.min_p);
    while (keep > 1 && candidates[keep - 1].logit < least) --keep;
  }
  double total = 0;
  for (std::size_t i = 0; i < keep; ++i)
    total += std::exp((static_cast<double>(candidates[i].logit) - top) / options.temperature);
  double left = random_unit(seed, step++) * total;
  for (std::size_t i = 0; i < keep; ++i) {
    left -= std::exp((static_cast<double>(candidates[i].logit) - top) / options.temperature);
    if (left < 0) return candidates[i].token;
  }
  return candidates[keep - 1].token;
}

}  // namespace quipu
