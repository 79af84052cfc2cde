#include "sampling_options.h"

#include <charconv>
#include <cstdio>
#include <limits>

namespace quipu::app {
namespace {

using Stages = std::vector<SamplerStage>;

// One option at a time: from the command line, else from the model.
class Source {
 public:
  Source(const Options& options, const Metadata& metadata)
      : options_(options), metadata_(metadata) {}

  /// `key`: the model's, without "general.sampling."; null: models have none.
  template <class T>
  void set(T SamplerOptions::*member, const char* option, const char* key = nullptr) {
    if (options_.has(option))
      sampling_.*member = given(option, T{});
    else if (key)
      take(member, std::string("general.sampling.") + key);
  }

  SamplerOptions& sampling() { return sampling_; }
  const std::string& taken() const { return taken_; }

 private:
  template <class T>
  void take(T SamplerOptions::*member, const std::string& key) {
    try {
      const auto found = read(key, T{});
      if (!found) return;
      SamplerOptions alone;
      alone.*member = *found;
      Sampler(alone, 1);  // refuses what is out of range
      sampling_.*member = *found;
      taken_ += (taken_.empty() ? "" : ", ") + key + " = " + text_of(key);
    } catch (const Error& error) {
      if (!options_.quiet()) say("warning: " + key + " is not used: " + error.what());
    }
  }

  template <class T>
  T given(const char* option, T) const {
    return options_.get<T>(option);
  }
  Stages given(const char* option, Stages) const {
    return sampler_stages(options_.get<std::string>(option));
  }

  std::optional<float> read(const std::string& key, float) const {
    const auto number = metadata_.number(key);
    return number ? std::optional(static_cast<float>(*number)) : std::nullopt;
  }
  std::optional<std::int32_t> read(const std::string& key, std::int32_t) const {
    const auto number = metadata_.integer(key);
    if (!number) return std::nullopt;
    using Limits = std::numeric_limits<std::int32_t>;
    if (*number < Limits::min() || *number > Limits::max())
      throw Error(ErrorCode::invalid,
                  key + ": expected a 32-bit integer, found " + std::to_string(*number));
    return static_cast<std::int32_t>(*number);
  }

  std::optional<Stages> read(const std::string& key, Stages) const {
    const auto names = metadata_.text(key);
    return names ? std::optional(sampler_stages(*names)) : std::nullopt;
  }

  std::string text_of(const std::string& key) const {
    if (metadata_.find(key)->type == QUIPU_VALUE_STRING) return printable(*metadata_.text(key));
    char number[32];
    std::snprintf(number, sizeof number, "%g", *metadata_.number(key));
    return number;
  }

  const Options& options_;
  const Metadata& metadata_;
  SamplerOptions sampling_;
  std::string taken_;
};

}  // namespace

void add_sampling_options(Options& options) {
  const auto real = [] { return po::value<float>(); };
  const auto integer = [] { return po::value<std::int32_t>(); };
  const auto text = [] { return po::value<std::string>(); };
  const auto texts = [] { return po::value<std::vector<std::string>>(); };
  options.add()("temp", real()->value_name("T"), "temperature (0.8); 0 takes the likeliest token")(
      "top-k", integer()->value_name("K"), "among the K likeliest (40); 0 = all")(
      "top-p", real()->value_name("P"), "among those that make up P (0.95)")(
      "min-p", real()->value_name("P"), "at least P of the highest likelihood (0.05)")(
      "repeat-penalty", real()->value_name("R"), "divides logits of tokens seen lately (1)")(
      "seed", po::value<std::uint64_t>()->value_name("S"), "makes a run repeatable")(
      "ban", texts()->value_name("TEXT"), "a text that the answer never has");
  options.add_rare()("repeat-last-n", integer()->value_name("N"),
                     "how far back penalties look (64); -1 = all")(
      "frequency-penalty", real()->value_name("F"),
      "subtracted for each time a token was seen (0)")(
      "presence-penalty", real()->value_name("F"), "subtracted once for a token that was seen (0)")(
      "dry-multiplier", real()->value_name("F"), "penalty for going on with a repetition (0)")(
      "dry-base", real()->value_name("F"), "grows by this with its length (1.75)")(
      "dry-allowed-length", integer()->value_name("N"), "repetitions free of it (2)")(
      "dry-penalty-last-n", integer()->value_name("N"), "how far back it looks (-1 = all)")(
      "dry-sequence-breaker", texts()->value_name("TEXT"),
      "ends a repetition, in place of \\n : \" *; none = nothing does")(
      "top-n-sigma", real()->value_name("N"),
      "logits within N standard deviations of the highest (-1 = all)")(
      "typical-p", real()->value_name("P"), "those of usual surprise that make up P (1)")(
      "xtc-probability", real()->value_name("P"), "how often top choices are left out (0)")(
      "xtc-threshold", real()->value_name("P"), "how likely these are (0.1)")(
      "dynatemp-range", real()->value_name("T"), "temperature +- T by entropy (0)")(
      "dynatemp-exp", real()->value_name("X"),
      "exponent of the entropy (1)")("mirostat", integer()->value_name("N"),
                                     "version 1 or 2 in place of other samplers (0 = off)")(
      "mirostat-ent", real()->value_name("F"), "the surprise it aims at, in bits (5)")(
      "mirostat-lr", real()->value_name("F"), "its learning rate (0.1)")(
      "adaptive-target", real()->value_name("P"), "likelihood that adaptive_p aims at (-1 = off)")(
      "adaptive-decay", real()->value_name("F"), "how long it remembers (0.9)")(
      "min-keep", integer()->value_name("N"), "samplers leave at least this many (0)")(
      "samplers", text()->value_name("NAMES"),
      "which and in which order: "
      "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature")(
      "logit-bias", texts()->value_name("ID(+|-)F"),
      "added to a token's logit: 15043+1, 15043-inf")("ignore-eos",
                                                      "never ends the answer by itself");
}

namespace {

// "15043+1.5", "15043-inf".
std::pair<Token, float> logit_bias(const std::string& word) {
  Token token = -1;
  float bias = 0;
  const char *const first = word.data(), *const last = first + word.size();
  const auto id = std::from_chars(first, last, token);
  const bool sign =
      id.ec == std::errc() && token >= 0 && id.ptr != last && (*id.ptr == '+' || *id.ptr == '-');
  const auto number = sign ? std::from_chars(id.ptr + 1, last, bias)
                           : std::from_chars_result{first, std::errc::invalid_argument};
  if (number.ec != std::errc() || number.ptr != last || id.ptr[1] == '-')
    throw Error(ErrorCode::usage,
                "--logit-bias: expected ID+BIAS or ID-BIAS, found " + printable(word));
  return {token, *id.ptr == '-' ? -bias : bias};
}

// "\n", "\t", "\\" and "\"" as shells and configuration files pass them.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t escape = text[i] == '\\' && i + 1 < text.size()
                                   ? std::string_view("nt\\\"").find(text[i + 1])
                                   : std::string_view::npos;
    if (escape == std::string_view::npos)
      out += text[i];
    else
      out += "\n\t\\\""[escape], ++i;
  }
  return out;
}

void set_lists(const Options& options, const Model& model, SamplerOptions& sampling) {
  using Texts = std::vector<std::string>;
  if (options.has("dry-sequence-breaker")) {
    sampling.dry_breakers.clear();
    for (const auto& text : options.get<Texts>("dry-sequence-breaker"))
      if (text != "none") sampling.dry_breakers.push_back(unescaped(text));
  }
  if (options.has("logit-bias"))
    for (const auto& word : options.get<Texts>("logit-bias"))
      sampling.logit_bias.push_back(logit_bias(word));
  if (!options.has("ignore-eos")) return;
  const Tokenizer& tokenizer = model.tokenizer();
  for (std::size_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.ends_generation(static_cast<Token>(id)))
      sampling.logit_bias.emplace_back(static_cast<Token>(id),
                                       -std::numeric_limits<float>::infinity());
}

}  // namespace

SamplerOptions sampler_options(const Options& options, const Model& model) {
  using S = SamplerOptions;
  Source source(options, model.file().metadata());
  source.set(&S::temperature, "temp", "temp");
  source.set(&S::top_k, "top-k", "top_k");
  source.set(&S::top_p, "top-p", "top_p");
  source.set(&S::min_p, "min-p", "min_p");
  source.set(&S::repeat_penalty, "repeat-penalty", "penalty_repeat");
  source.set(&S::repeat_last, "repeat-last-n", "penalty_last_n");
  source.set(&S::frequency_penalty, "frequency-penalty");
  source.set(&S::presence_penalty, "presence-penalty");
  source.set(&S::dry_multiplier, "dry-multiplier");
  source.set(&S::dry_base, "dry-base");
  source.set(&S::dry_allowed_length, "dry-allowed-length");
  source.set(&S::dry_last, "dry-penalty-last-n");
  source.set(&S::top_n_sigma, "top-n-sigma");
  source.set(&S::typical_p, "typical-p");
  source.set(&S::xtc_probability, "xtc-probability", "xtc_probability");
  source.set(&S::xtc_threshold, "xtc-threshold", "xtc_threshold");
  source.set(&S::dynatemp_range, "dynatemp-range");
  source.set(&S::dynatemp_exponent, "dynatemp-exp");
  source.set(&S::mirostat, "mirostat", "mirostat");
  source.set(&S::mirostat_tau, "mirostat-ent", "mirostat_tau");
  source.set(&S::mirostat_eta, "mirostat-lr", "mirostat_eta");
  source.set(&S::adaptive_target, "adaptive-target");
  source.set(&S::adaptive_decay, "adaptive-decay");
  source.set(&S::min_keep, "min-keep");
  source.set(&S::stages, "samplers", "sequence");
  if (options.has("seed")) source.sampling().seed = options.get<std::uint64_t>("seed");
  set_lists(options, model, source.sampling());
  if (options.verbose() && !source.taken().empty())
    say("sampling as the model says: " + source.taken());
  return source.sampling();
}

void set_sampling(const Options& options, const Model& model, Request& request) {
  request.sampling = sampler_options(options, model);
  if (options.has("ban")) request.banned = options.get<std::vector<std::string>>("ban");
}

}  // namespace quipu::app
