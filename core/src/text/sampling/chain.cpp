#include "text/sampling/chain.h"

#include <algorithm>
#include <random>

#include "text/sampling/options.h"

namespace quipu {
namespace {

// Stages that leave the likeliest where it is need not run before a temperature of 0 takes it.
bool keeps_the_likeliest(SamplerStage stage) {
  return stage == SamplerStage::top_n_sigma || stage == SamplerStage::top_k ||
         stage == SamplerStage::top_p || stage == SamplerStage::min_p;
}

std::vector<SamplerStage> needed(const SamplerOptions& options) {
  std::vector<SamplerStage> stages = options.stages;
  // Chooses, so it comes last wherever it stands.
  const auto choosing = std::ranges::remove(stages, SamplerStage::adaptive_p);
  const bool adapts = !choosing.empty();
  stages.erase(choosing.begin(), choosing.end());
  if (options.temperature == 0 && options.dynatemp_range == 0) {
    const auto zero = std::ranges::find(stages, SamplerStage::temperature);
    stages.erase(zero, stages.end());
    while (!stages.empty() && keeps_the_likeliest(stages.back())) stages.pop_back();
    stages.push_back(SamplerStage::temperature);
  } else if (adapts) {
    stages.push_back(SamplerStage::adaptive_p);
  }
  return stages;
}

}  // namespace

Stage::~Stage() = default;

Chain::Chain(const SamplerOptions& options, std::size_t vocabulary, const Tokenizer* tokenizer)
    : random_(options.seed ? *options.seed : std::random_device()()) {
  check(options, vocabulary);
  add(make_logit_bias(options));
  if (options.mirostat == 0) {
    for (const SamplerStage stage : needed(options)) add(stage, options, tokenizer);
  } else {
    SamplerOptions fixed = options;
    fixed.dynatemp_range = 0;
    add(make_temperature(fixed));
    add(make_mirostat(options, vocabulary));
  }
}

void Chain::add(std::unique_ptr<Stage> stage) {
  if (stage) stages_.push_back(std::move(stage));
}

void Chain::add(SamplerStage stage, const SamplerOptions& options, const Tokenizer* tokenizer) {
  switch (stage) {
  case SamplerStage::penalties:
    return add(make_penalties(options));
  case SamplerStage::dry:
    return add(make_dry(options, tokenizer));
  case SamplerStage::top_n_sigma:
    return add(make_top_n_sigma(options));
  case SamplerStage::top_k:
    return add(make_top_k(options));
  case SamplerStage::typical_p:
    return add(make_typical_p(options));
  case SamplerStage::top_p:
    return add(make_top_p(options));
  case SamplerStage::min_p:
    return add(make_min_p(options));
  case SamplerStage::xtc:
    return add(make_xtc(options));
  case SamplerStage::temperature:
    return add(make_temperature(options));
  case SamplerStage::adaptive_p:
    return add(make_adaptive_p(options));
  }
}

void Chain::accept(Token token) {
  for (const auto& stage : stages_) stage->accept(token);
}

Candidates& Chain::candidates(std::span<const float> logits, const TokenSet* allowed) {
  candidates_.start(logits, allowed);
  for (const auto& stage : stages_) stage->apply(candidates_, random_);
  candidates_.all();
  return candidates_;
}

Token Chain::draw() {
  const auto& all = candidates_.all();
  double total = 0;
  weights_.clear();
  for (const auto& c : all) {
    weights_.push_back(candidates_.weight(c));
    total += weights_.back();
  }
  double left = random_.next() * total;
  for (std::size_t i = 0; i < all.size(); ++i) {
    left -= weights_[i];
    if (left < 0) return all[i].token;
  }
  // Rounding left a crumb: the last one that can be drawn at all.
  std::size_t last = all.size() - 1;
  while (weights_[last] == 0) --last;
  return all[last].token;
}

}  // namespace quipu
