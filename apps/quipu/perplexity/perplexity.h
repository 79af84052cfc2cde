// Perplexity of a text, and how far a model is from another on it, as llama.cpp's perplexity
// defines them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "quipu/logit_reader.h"

namespace quipu::app {

/// A mean and its standard error.
struct Mean {
  double value = 0, error = 0;
};

/// Sums of a figure over tokens.
class Tally {
 public:
  void add(double x);
  std::size_t count() const noexcept { return count_; }
  Mean mean() const;

 private:
  std::size_t count_ = 0;
  double sum_ = 0, squares_ = 0;
};

struct PerplexityOptions {
  std::uint32_t context = 512;  ///< tokens of a chunk, at least 3
  EngineOptions engine;         ///< its context and sequences do not matter
};

/// How far the model is from the base, over all tokens that were scored.
struct Distance {
  Mean base_surprise;  ///< -log p of the base, in nats
  Mean kl;             ///< KL(base || model)
  double kl_max = 0;
  double top1_agreement = 0;
  Mean difference;  ///< log p of the model - log p of the base
};

struct Perplexity {
  std::size_t chunks = 0, scored = 0;
  Mean surprise;  ///< -log p, in nats; perplexity is exp(value)
  std::optional<Distance> distance;
  bool complete = true;  ///< false: `go_on` ended it
};

/// Tokens are cut in chunks of `context`; what is left over does not count. The first token of each
/// becomes the model's BOS where it adds one, and the tokens of the second half are scored: those
/// at context / 2 + 1 … context - 1. `base`: of the same vocabulary, or null. `go_on` is called
/// after chunks with what was found so far. Throws usage when there is no whole chunk,
/// invalid for logits that are not finite.
Perplexity
measure_perplexity(std::shared_ptr<const Model> model, std::shared_ptr<const Model> base,
                   Registry& registry, std::span<const Token> tokens,
                   const PerplexityOptions& options,
                   const std::function<bool(const Perplexity&, std::size_t total)>& go_on);

}  // namespace quipu::app
