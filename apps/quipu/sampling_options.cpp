#include "sampling_options.h"

#include <cstdio>
#include <limits>

namespace quipu::app {
namespace {

// One option at a time: from the command line, else from the model.
class Source {
 public:
  Source(const Options& options, const Metadata& metadata)
      : options_(options), metadata_(metadata) {}

  /// `key`: the model's, without "general.sampling."; null: models have none.
  template <class T>
  void set(T SamplerOptions::*member, const char* option, const char* key = nullptr) {
    if (options_.has(option))
      sampling_.*member = options_.get<T>(option);
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
      char number[32];
      std::snprintf(number, sizeof number, "%g", static_cast<double>(*found));
      taken_ += (taken_.empty() ? "" : ", ") + key + " = " + number;
    } catch (const Error& error) {
      if (!options_.quiet()) say("warning: " + key + " is not used: " + error.what());
    }
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

  const Options& options_;
  const Metadata& metadata_;
  SamplerOptions sampling_;
  std::string taken_;
};

}  // namespace

void add_sampling_options(Options& options) {
  options.add()("temp", po::value<float>()->value_name("T"),
                "temperature (0.8); 0 takes the likeliest token")(
      "top-k", po::value<std::int32_t>()->value_name("K"), "among the K likeliest (40); 0 = all")(
      "top-p", po::value<float>()->value_name("P"),
      "among those that make up P (0.95)")("min-p", po::value<float>()->value_name("P"),
                                           "at least P times as likely as the likeliest (0.05)")(
      "repeat-penalty", po::value<float>()->value_name("R"),
      "divides logits of tokens seen lately (1)")("repeat-last",
                                                  po::value<std::int32_t>()->value_name("N"),
                                                  "how far back that looks (64); -1 = all")(
      "frequency-penalty", po::value<float>()->value_name("F"),
      "subtracted for each time a token was seen (0)")(
      "presence-penalty", po::value<float>()->value_name("F"),
      "subtracted once for a token that was seen (0)")(
      "seed", po::value<std::uint64_t>()->value_name("S"), "makes a run repeatable");
}

SamplerOptions sampler_options(const Options& options, const Model& model) {
  using S = SamplerOptions;
  Source source(options, model.file().metadata());
  source.set(&S::temperature, "temp", "temp");
  source.set(&S::top_k, "top-k", "top_k");
  source.set(&S::top_p, "top-p", "top_p");
  source.set(&S::min_p, "min-p", "min_p");
  source.set(&S::repeat_penalty, "repeat-penalty", "penalty_repeat");
  source.set(&S::repeat_last, "repeat-last", "penalty_last_n");
  source.set(&S::frequency_penalty, "frequency-penalty");
  source.set(&S::presence_penalty, "presence-penalty");
  if (options.has("seed")) source.sampling().seed = options.get<std::uint64_t>("seed");
  if (options.verbose() && !source.taken().empty())
    say("sampling as the model says: " + source.taken());
  return source.sampling();
}

}  // namespace quipu::app
