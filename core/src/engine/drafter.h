// Guesses at the tokens that follow. The model checks all guesses of a sequence in one run, and
// each token is drawn from the model's own logits as ever, so guesses change when an answer is
// ready, never what it says (speculative decoding, arXiv:2211.17192, with the draw itself as the
// test).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/runner.h"

namespace quipu {

struct Guesses {
  std::vector<Token> tokens;
  /// Guesses of one kind hold about equally often; below kinds.
  std::uint32_t kind = 0;

  static constexpr std::uint32_t kinds = 8;
};

class Drafter {
 public:
  virtual ~Drafter() = default;
  /// Up to `most` tokens that may follow `text` and then `next`; perhaps none.
  virtual void guess(std::uint32_t sequence, std::span<const Token> text, Token next,
                     std::size_t most, Guesses& out) = 0;
  /// Seconds that a guess takes, as seen so far.
  virtual double seconds_per_guess() const noexcept = 0;
};

/// What followed the last time that the text ended like this (prompt lookup decoding): quotations,
/// code, lists, names.
std::unique_ptr<Drafter> make_ngram_drafter();

/// The likeliest tokens of a smaller model with the same vocabulary. Takes sequences as the options
/// say. Throws usage when the vocabularies differ, naming the first token that does.
std::unique_ptr<Drafter> make_model_drafter(const Model& draft, const Model& model,
                                            Registry& registry, const EngineOptions& options);

}  // namespace quipu
