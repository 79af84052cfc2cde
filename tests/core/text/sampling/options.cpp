// Which options of sampling are refused, and by which name; names of stages.
#include "quipu/sampler.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include "quipu/error.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::Sampler;
using quipu::SamplerOptions;
using quipu::SamplerStage;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float no_number = std::numeric_limits<float>::quiet_NaN();

void refused(const SamplerOptions& options, const std::string& name) {
  BOOST_CHECK_EXCEPTION(Sampler(options, 10), Error, [&](const Error& error) {
    return error.code() == ErrorCode::usage && std::string(error.what()).starts_with(name + ":");
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_defaults_are_those_of_llama_cpp) {
  const SamplerOptions options;

  BOOST_TEST(options.temperature == 0.8f);
  BOOST_TEST(options.dynatemp_range == 0.0f);
  BOOST_TEST(options.dynatemp_exponent == 1.0f);
  BOOST_TEST(options.top_k == 40);
  BOOST_TEST(options.top_p == 0.95f);
  BOOST_TEST(options.min_p == 0.05f);
  BOOST_TEST(options.typical_p == 1.0f);
  BOOST_TEST(options.top_n_sigma == -1.0f);
  BOOST_TEST(options.xtc_probability == 0.0f);
  BOOST_TEST(options.xtc_threshold == 0.1f);
  BOOST_TEST(options.min_keep == 0);
  BOOST_TEST(options.repeat_last == 64);
  BOOST_TEST(options.repeat_penalty == 1.0f);
  BOOST_TEST(options.frequency_penalty == 0.0f);
  BOOST_TEST(options.presence_penalty == 0.0f);
  BOOST_TEST(options.dry_multiplier == 0.0f);
  BOOST_TEST(options.dry_base == 1.75f);
  BOOST_TEST(options.dry_allowed_length == 2);
  BOOST_TEST(options.dry_last == -1);
  BOOST_TEST((options.dry_breakers == std::vector<std::string>{"\n", ":", "\"", "*"}));
  BOOST_TEST(options.mirostat == 0);
  BOOST_TEST(options.mirostat_tau == 5.0f);
  BOOST_TEST(options.mirostat_eta == 0.1f);
  BOOST_TEST(options.adaptive_target == -1.0f);
  BOOST_TEST(options.adaptive_decay == 0.9f);
  BOOST_TEST(
      (options.stages ==
       quipu::sampler_stages("penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature")));
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_by_name) {
  refused({.temperature = -1}, "temperature");
  refused({.temperature = no_number}, "temperature");
  refused({.temperature = infinity}, "temperature");
  refused({.top_k = -1}, "top_k");
  refused({.top_p = 1.5f}, "top_p");
  refused({.top_p = no_number}, "top_p");
  refused({.min_p = -0.1f}, "min_p");
  refused({.repeat_last = -2}, "repeat_last_n");
  refused({.repeat_penalty = 0}, "repeat_penalty");
  refused({.frequency_penalty = infinity}, "frequency_penalty");
  refused({.presence_penalty = no_number}, "presence_penalty");
  refused({.typical_p = -0.5f}, "typical_p");
  refused({.top_n_sigma = no_number}, "top_n_sigma");
  refused({.xtc_probability = 1.1f}, "xtc_probability");
  refused({.xtc_threshold = -1}, "xtc_threshold");
  refused({.min_keep = -1}, "min_keep");
  refused({.dynatemp_range = -1}, "dynatemp_range");
  refused({.dynatemp_exponent = -1}, "dynatemp_exponent");
  refused({.dry_multiplier = -1}, "dry_multiplier");
  refused({.dry_base = infinity}, "dry_base");
  refused({.dry_allowed_length = -1}, "dry_allowed_length");
  refused({.dry_last = -2}, "dry_penalty_last_n");
  refused({.dry_breakers = {""}}, "dry_sequence_breakers");
  refused({.dry_breakers = {std::string(41, 'a')}}, "dry_sequence_breakers");
  refused({.dry_breakers = std::vector<std::string>(65, "a")}, "dry_sequence_breakers");
  refused({.mirostat = 3}, "mirostat");
  refused({.mirostat_tau = -1}, "mirostat_tau");
  refused({.mirostat_eta = no_number}, "mirostat_eta");
  refused({.adaptive_target = 2}, "adaptive_target");
  refused({.adaptive_decay = 1}, "adaptive_decay");
  refused({.logit_bias = {{10, 1.0f}}}, "logit_bias");
  refused({.logit_bias = {{-1, 1.0f}}}, "logit_bias");
  refused({.logit_bias = {{0, infinity}}}, "logit_bias");
  refused({.logit_bias = {{0, no_number}}}, "logit_bias");
  refused({.stages = std::vector<SamplerStage>(33, SamplerStage::top_k)}, "samplers");
}

BOOST_AUTO_TEST_CASE(a_bias_of_minus_infinity_bans_a_token) {
  Sampler sampler({.temperature = 0, .logit_bias = {{1, -infinity}}}, 3);

  BOOST_TEST(sampler.sample(std::vector<float>{1, 3, 2}) == 2);
}

BOOST_AUTO_TEST_CASE(biases_that_ban_every_token_are_an_error_of_the_draw) {
  Sampler sampler({.logit_bias = {{0, -infinity}, {1, -infinity}}}, 2);

  BOOST_CHECK_EXCEPTION(sampler.sample(std::vector<float>{1, 3}), Error, [](const Error& error) {
    return error.code() == ErrorCode::invalid && std::string(error.what()).starts_with("logits");
  });
}

BOOST_AUTO_TEST_CASE(stages_have_the_names_of_llama_cpp) {
  using S = SamplerStage;
  BOOST_TEST(
      (quipu::sampler_stages("dry;top_k;typ_p") == std::vector{S::dry, S::top_k, S::typical_p}));
  BOOST_TEST((quipu::sampler_stages("top-k;nucleus;typical-p;temp;min-p;top-n-sigma;adaptive-p;") ==
              std::vector{S::top_k, S::top_p, S::typical_p, S::temperature, S::min_p,
                          S::top_n_sigma, S::adaptive_p}));
  BOOST_TEST(quipu::sampler_stages("").empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_stage_is_refused_by_its_name) {
  for (const char* const names : {"top_k;infill", "infill;", ";;", "top_k;;min_p", " top_k"})
    BOOST_CHECK_EXCEPTION(quipu::sampler_stages(names), Error, [](const Error& error) {
      return error.code() == ErrorCode::usage &&
             std::string(error.what()).starts_with("samplers: expected");
    });
}
