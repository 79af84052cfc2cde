#include "quipu/sampler.h"

#include "text/sampling/chain.h"

namespace quipu {

struct Sampler::State {
  Chain chain;
};

Sampler::Sampler(const SamplerOptions& options, std::size_t vocabulary, const Tokenizer* tokenizer)
    : state_(std::make_unique<State>(State{Chain(options, vocabulary, tokenizer)})) {}

Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;

std::uint64_t Sampler::seed() const noexcept {
  return state_->chain.seed();
}

void Sampler::accept(Token token) {
  state_->chain.accept(token);
}

Token Sampler::sample(std::span<const float> logits, const TokenSet* allowed) {
  state_->chain.candidates(logits, allowed);
  return state_->chain.draw();
}

}  // namespace quipu
