#include "text/sampling/options.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "quipu/error.h"

namespace quipu {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// As llama.cpp has them: a breaker that is longer is a mistake rather than a text.
constexpr std::size_t longest_breaker = 40;
// Each is looked for in every token.
constexpr std::size_t most_breakers = 64;
// More stages than anyone puts into one chain, few enough that a request cannot stall others.
constexpr std::size_t most_stages = 32;

[[noreturn]] void refuse(const std::string& option, const std::string& expected,
                         const std::string& found) {
  throw Error(ErrorCode::usage, option + ": expected " + expected + ", found " + found);
}

void require(bool holds, const char* option, const char* expected, double found) {
  if (!holds) refuse(option, expected, std::to_string(found));
}

void within(double value, double least, double most, const char* option, const char* expected) {
  require(value >= least && value <= most && std::isfinite(value), option, expected, value);
}

void check_biases(const SamplerOptions& options, std::size_t vocabulary) {
  for (const auto& [token, bias] : options.logit_bias) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary)
      refuse("logit_bias", "token ids below " + std::to_string(vocabulary), std::to_string(token));
    require(bias < infinity, "logit_bias", "numbers or -inf", bias);
  }
}

constexpr std::pair<std::string_view, SamplerStage> names[] = {
    {"penalties", SamplerStage::penalties},
    {"dry", SamplerStage::dry},
    {"top_n_sigma", SamplerStage::top_n_sigma},
    {"top_k", SamplerStage::top_k},
    {"typ_p", SamplerStage::typical_p},
    {"top_p", SamplerStage::top_p},
    {"min_p", SamplerStage::min_p},
    {"xtc", SamplerStage::xtc},
    {"temperature", SamplerStage::temperature},
    {"adaptive_p", SamplerStage::adaptive_p},
    // Other spellings.
    {"typical_p", SamplerStage::typical_p},
    {"typical", SamplerStage::typical_p},
    {"typ", SamplerStage::typical_p},
    {"nucleus", SamplerStage::top_p},
    {"temp", SamplerStage::temperature},
};

SamplerStage stage_named(std::string_view word) {
  std::string name(word);
  std::ranges::replace(name, '-', '_');
  const auto found =
      std::ranges::find(names, name, &std::pair<std::string_view, SamplerStage>::first);
  if (found == std::end(names))
    refuse(
        "samplers",
        "penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature or adaptive_p",
        printable(word));
  return found->second;
}

}  // namespace

void check(const SamplerOptions& options, std::size_t vocabulary) {
  within(options.temperature, 0, infinity, "temperature", "0 or more");
  within(options.dynatemp_range, 0, infinity, "dynatemp_range", "0 or more");
  within(options.dynatemp_exponent, 0, infinity, "dynatemp_exponent", "0 or more");
  require(options.top_k >= 0, "top_k", "0 or more", options.top_k);
  within(options.top_p, 0, 1, "top_p", "0 to 1");
  within(options.min_p, 0, 1, "min_p", "0 to 1");
  within(options.typical_p, 0, 1, "typical_p", "0 to 1");
  within(options.top_n_sigma, -infinity, infinity, "top_n_sigma", "a number");
  within(options.xtc_probability, 0, 1, "xtc_probability", "0 to 1");
  within(options.xtc_threshold, 0, 1, "xtc_threshold", "0 to 1");
  require(options.min_keep >= 0, "min_keep", "0 or more", options.min_keep);
  require(options.repeat_last >= -1, "repeat_last_n", "-1 or more", options.repeat_last);
  require(std::isfinite(options.repeat_penalty) && options.repeat_penalty > 0, "repeat_penalty",
          "a positive number", options.repeat_penalty);
  within(options.frequency_penalty, -infinity, infinity, "frequency_penalty", "a number");
  within(options.presence_penalty, -infinity, infinity, "presence_penalty", "a number");
  within(options.dry_multiplier, 0, infinity, "dry_multiplier", "0 or more");
  within(options.dry_base, 0, infinity, "dry_base", "0 or more");
  require(options.dry_allowed_length >= 0, "dry_allowed_length", "0 or more",
          options.dry_allowed_length);
  require(options.dry_last >= -1, "dry_penalty_last_n", "-1 or more", options.dry_last);
  if (options.dry_breakers.size() > most_breakers)
    refuse("dry_sequence_breakers", "at most " + std::to_string(most_breakers),
           std::to_string(options.dry_breakers.size()));
  for (const auto& text : options.dry_breakers)
    if (text.empty() || text.size() > longest_breaker)
      refuse("dry_sequence_breakers", "1 to " + std::to_string(longest_breaker) + " bytes",
             std::to_string(text.size()));
  require(options.mirostat >= 0 && options.mirostat <= 2, "mirostat", "0, 1 or 2",
          options.mirostat);
  within(options.mirostat_tau, 0, infinity, "mirostat_tau", "0 or more");
  within(options.mirostat_eta, 0, infinity, "mirostat_eta", "0 or more");
  within(options.adaptive_target, -infinity, 1, "adaptive_target", "at most 1");
  within(options.adaptive_decay, 0, 0.99f, "adaptive_decay", "0 to 0.99");
  if (options.stages.size() > most_stages)
    refuse("samplers", "at most " + std::to_string(most_stages),
           std::to_string(options.stages.size()));
  check_biases(options, vocabulary);
}

std::vector<SamplerStage> sampler_stages(std::string_view words) {
  std::vector<SamplerStage> stages;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(';'), words.size());
    stages.push_back(stage_named(words.substr(0, end)));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return stages;
}

}  // namespace quipu
