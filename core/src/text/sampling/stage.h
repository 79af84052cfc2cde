// What every stage of a chain is, and how each is made.
#pragma once

#include <memory>
#include <vector>

#include "quipu/sampler.h"
#include "text/random.h"
#include "text/sampling/candidates.h"

namespace quipu {

/// A sequence's random numbers, taken one after the other.
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t seed() const noexcept { return seed_; }
  double next() noexcept { return random_unit(seed_, taken_++); }

 private:
  std::uint64_t seed_, taken_ = 0;
};

/// One stage of a chain: takes candidates away or makes them likelier or less likely.
class Stage {
 public:
  virtual ~Stage();
  virtual void apply(Candidates& candidates, RandomNumbers& random) = 0;
  /// A token of the sequence.
  virtual void accept(Token) {}
};

// Each is null when the options turn it off.
std::unique_ptr<Stage> make_logit_bias(const SamplerOptions& options);
std::unique_ptr<Stage> make_penalties(const SamplerOptions& options);
/// `tokenizer`: whose tokens the breakers are made of; null: there are none.
std::unique_ptr<Stage> make_dry(const SamplerOptions& options, const Tokenizer* tokenizer);
std::unique_ptr<Stage> make_top_n_sigma(const SamplerOptions& options);
std::unique_ptr<Stage> make_top_k(const SamplerOptions& options);
std::unique_ptr<Stage> make_typical_p(const SamplerOptions& options);
std::unique_ptr<Stage> make_top_p(const SamplerOptions& options);
std::unique_ptr<Stage> make_min_p(const SamplerOptions& options);
std::unique_ptr<Stage> make_xtc(const SamplerOptions& options);
std::unique_ptr<Stage> make_temperature(const SamplerOptions& options);
std::unique_ptr<Stage> make_adaptive_p(const SamplerOptions& options);
std::unique_ptr<Stage> make_mirostat(const SamplerOptions& options, std::size_t vocabulary);

}  // namespace quipu
