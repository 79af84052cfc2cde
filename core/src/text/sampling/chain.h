// All stages of a sequence's sampling in their order, and the draw.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "text/sampling/stage.h"

namespace quipu {

class Chain {
 public:
  /// Throws usage when an option is out of range, naming it.
  Chain(const SamplerOptions& options, std::size_t vocabulary, const Tokenizer* tokenizer);

  std::uint64_t seed() const noexcept { return random_.seed(); }
  void accept(Token token);
  /// What is left after all stages, and how likely each is. Valid until the next call.
  Candidates& candidates(std::span<const float> logits, const TokenSet* allowed);
  /// One of the candidates.
  Token draw();

 private:
  void add(std::unique_ptr<Stage> stage);
  void add(SamplerStage stage, const SamplerOptions& options, const Tokenizer* tokenizer);

  std::vector<std::unique_ptr<Stage>> stages_;
  RandomNumbers random_;
  Candidates candidates_;
  std::vector<double> weights_;
};

}  // namespace quipu
