// Choosing the next token from logits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quipu/token_set.h"

namespace quipu {

/// What a chain is made of; see SamplerOptions.
enum class SamplerStage {
  penalties,
  dry,
  top_n_sigma,
  top_k,
  typical_p,
  top_p,
  min_p,
  xtc,
  temperature,
  adaptive_p
};

/// "penalties;top_k;temperature", or llama.cpp's other spellings: "top-k", "temp". Throws usage
/// naming what is no stage.
std::vector<SamplerStage> sampler_stages(std::string_view names);

/// Names, defaults and order are llama.cpp's: biases, then `stages` in their order, then a draw.
/// With mirostat: biases, the temperature, mirostat, a draw.
struct SamplerOptions {
  float temperature = 0.8f;  ///< 0 = the likeliest of what the stages before it leave
  std::int32_t top_k = 40;   ///< 0 = all
  float top_p = 0.95f;       ///< 1 = all
  float min_p = 0.05f;       ///< 0 = all
  std::int32_t repeat_last =
      64;  ///< tokens the penalties look back on; 0 = none, -1 = the whole context
  float repeat_penalty = 1.0f;
  float frequency_penalty = 0.0f;
  float presence_penalty = 0.0f;
  std::optional<std::uint64_t> seed;  ///< absent: drawn, and readable through Sampler::seed()

  float typical_p = 1.0f;        ///< 1 = all
  float top_n_sigma = -1.0f;     ///< 0 or less = all
  float xtc_probability = 0.0f;  ///< that XTC takes something away
  float xtc_threshold = 0.1f;    ///< likelihood from which on it does; above 0.5 = never
  std::int32_t min_keep = 0;     ///< what top-p, min-p, typical-p and XTC leave at least
  float dynatemp_range = 0.0f;   ///< temperature ± this, by entropy; 0 = fixed
  float dynatemp_exponent = 1.0f;
  float dry_multiplier = 0.0f;  ///< 0 = no DRY
  float dry_base = 1.75f;       ///< below 1 = no DRY
  std::int32_t dry_allowed_length = 2;
  std::int32_t dry_last = -1;  ///< tokens that DRY looks back on; 0 = none, -1 = the whole context
  std::vector<std::string> dry_breakers = {"\n", ":", "\"", "*"};  ///< 64 of at most 40 bytes
  std::int32_t mirostat = 0;                                       ///< 0 = off, 1, 2
  float mirostat_tau = 5.0f;                                       ///< target surprise in bits
  float mirostat_eta = 0.1f;                                       ///< learning rate
  float adaptive_target = -1.0f;  ///< likelihood that adaptive p aims at; negative = off
  float adaptive_decay = 0.9f;
  std::vector<std::pair<Token, float>> logit_bias;  ///< added before all else; -inf = never
  /// What is absent does not run, but for a temperature of 0. adaptive_p comes last wherever it
  /// stands; mirostat has no stages.
  std::vector<SamplerStage> stages = {
      SamplerStage::penalties, SamplerStage::dry,       SamplerStage::top_n_sigma,
      SamplerStage::top_k,     SamplerStage::typical_p, SamplerStage::top_p,
      SamplerStage::min_p,     SamplerStage::xtc,       SamplerStage::temperature};
};

/// State of one sequence's sampling. Not thread-safe.
///
/// Random numbers are SplitMix64 of the seed, taken one after the other: for each token one for
/// each XTC stage that is on, then one for the draw. So a seed gives the same tokens everywhere.
class Sampler {
 public:
  /// Throws usage when an option is out of range, naming it. `tokenizer`: in whose tokens DRY's
  /// breakers are found, not kept; null: nothing breaks.
  Sampler(const SamplerOptions& options, std::size_t vocabulary,
          const Tokenizer* tokenizer = nullptr);
  ~Sampler();
  Sampler(Sampler&&) noexcept;

  /// Tokens of the context, for the penalties, and of the answer, from which mirostat and adaptive
  /// p learn.
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
