// Penalties, top-k, top-p, min-p, temperature, a draw: llama.cpp's order.
#include "quipu/sampler.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <random>
#include <unordered_map>

#include "quipu/error.h"
#include "text/logit_blocks.h"
#include "text/random.h"

namespace quipu {
namespace {

void require(bool holds, const char* option, const char* expected, double found) {
  if (!holds)
    throw Error(ErrorCode::usage, std::string(option) + ": expected " + expected + ", found " +
                                      std::to_string(found));
}

}  // namespace

struct Sampler::State {
  SamplerOptions options;
  std::size_t vocabulary;
  std::uint64_t seed;
  std::uint64_t step = 0;
  std::deque<Token> recent;
  std::unordered_map<Token, int> counts;  // of the recent tokens
  std::vector<float> penalised;
  LogitBlocks row;
  std::vector<Candidate> candidates;
  std::vector<double> weights;

  bool penalises() const noexcept {
    return options.repeat_last != 0 &&
           (options.repeat_penalty != 1 || options.frequency_penalty != 0 ||
            options.presence_penalty != 0);
  }
  std::span<const float> penalise(std::span<const float> logits);
  void cut_top_k();
  void cut_top_p();
  void cut_min_p();
  Token draw();
};

// CTRL (arXiv:1909.05858) for repetition; frequency and presence as the OpenAI API defines them.
std::span<const float> Sampler::State::penalise(std::span<const float> logits) {
  penalised.assign(logits.begin(), logits.end());
  for (const auto& [token, count] : counts) {
    if (token < 0 || static_cast<std::size_t>(token) >= penalised.size()) continue;
    float& logit = penalised[static_cast<std::size_t>(token)];
    logit = logit <= 0 ? logit * options.repeat_penalty : logit / options.repeat_penalty;
    logit -= static_cast<float>(count) * options.frequency_penalty + options.presence_penalty;
  }
  return penalised;
}

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

Token Sampler::sample(std::span<const float> logits, const TokenSet* allowed) {
  auto& s = *state_;
  if (s.penalises() && !s.counts.empty()) logits = s.penalise(logits);
  s.row.scan(logits, allowed);
  if (s.row.has_nan()) throw Error(ErrorCode::invalid, "logits: expected numbers, found NaN");
  if (allowed && s.row.highest() == -std::numeric_limits<float>::infinity())
    throw Error(ErrorCode::invalid, "logits: expected an allowed token above -inf, found none");
  if (!std::isfinite(s.row.highest()))
    throw Error(ErrorCode::invalid, "logits: expected the highest to be finite, found " +
                                        std::to_string(s.row.highest()));
  if (s.options.temperature == 0) return s.row.first_highest();
  s.cut_top_k();
  s.cut_top_p();
  s.cut_min_p();
  return s.draw();
}

// Leaves the candidates sorted, likelier first, if it cuts at all.
void Sampler::State::cut_top_k() {
  if (options.top_k > 0) {
    const auto count = static_cast<std::size_t>(options.top_k);
    row.collect_highest(count, candidates);
    std::ranges::sort(candidates, likelier);
    if (candidates.size() > count) candidates.resize(count);
  } else if (options.top_p >= 1 && options.min_p > 0) {
    // Nothing but min-p cuts, and it needs no order: the rest need not be looked at.
    row.collect(row.highest() + std::log(options.min_p), candidates);
  } else {
    row.collect(-std::numeric_limits<float>::infinity(), candidates);
  }
}

void Sampler::State::cut_top_p() {
  if (options.top_p >= 1) return;
  const double top = row.highest();
  double sum = 0;
  for (const auto& c : candidates) sum += std::exp(c.logit - top);
  double reached = 0;
  // Sorted only as far as needed: without top-k, few of many candidates make up most of the sum.
  std::size_t sorted = options.top_k > 0 ? candidates.size() : 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i == sorted) {
      sorted = std::min(candidates.size(), std::max<std::size_t>(256, 4 * sorted));
      const auto from = candidates.begin() + static_cast<std::ptrdiff_t>(i);
      const auto to = candidates.begin() + static_cast<std::ptrdiff_t>(sorted);
      std::partial_sort(from, to, candidates.end(), likelier);
    }
    reached += std::exp(candidates[i].logit - top) / sum;
    if (reached >= options.top_p) {
      candidates.resize(i + 1);
      return;
    }
  }
}

void Sampler::State::cut_min_p() {
  if (options.min_p <= 0) return;
  const float least = row.highest() + std::log(options.min_p);
  std::erase_if(candidates,
                [&](const Candidate& c) { return c.logit < least && c.logit < row.highest(); });
}

Token Sampler::State::draw() {
  const double top = row.highest();
  double total = 0;
  weights.clear();
  for (const auto& c : candidates) {
    weights.push_back(std::exp((c.logit - top) / options.temperature));
    total += weights.back();
  }
  double left = random_unit(seed, step++) * total;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    left -= weights[i];
    if (left < 0) return candidates[i].token;
  }
  // Rounding left a crumb: the last one that can be drawn at all.
  std::size_t last = candidates.size() - 1;
  while (weights[last] == 0) --last;
  return candidates[last].token;
}

}  // namespace quipu
