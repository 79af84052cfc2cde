// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "quipu/token_set.h"

namespace quipu {

/// Names, defaults and order are llama.cpp's: penalties, top-k, top-p, min-p, temperature, then a
/// draw.
struct SamplerOptions {
  float temperature = 0.8f;  ///< 0 = greedy
  std::int32_t top_k = 40;   ///< 0 = all
  float top_p = 0.95f;       ///< 1 = all
  float min_p = 0.05f;       ///< 0 = all
  std::int32_t repeat_last =
      64;  ///< tokens the penalties look back on; 0 = none, -1 = the whole context
  float repeat_penalty = 1.0f;
  float frequency_penalty = 0.0f;
  float presence_penalty = 0.0f;
  std::optional<std::uint64_t> seed;  ///< absent: drawn, and readable through Sampler::seed()
};

/// State of one sequence's sampling. Not thread-safe.
class Sampler {
 public:
  /// Throws usage when an option is out of range, naming it.
  Sampler(SamplerOptions options, std::size_t vocabulary);
  ~Sampler();
  Sampler(Sampler&&) noexcept;

  /// Tokens already in the context, for the penalties.
  void accept(Token token);
  /// The next token; does not accept it. Logits are not changed. Tokens outside `allowed` (null:
  /// all are in) are as if their logit were -inf. With a NaN among the others, or all -inf: throws
  /// invalid.
  Token sample(std::span<const float> logits, const TokenSet* allowed = nullptr);
  std::uint64_t seed() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quipu
