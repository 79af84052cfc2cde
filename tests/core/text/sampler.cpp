// Each stage against a plain model of it: which tokens stay, and how likely each is.
#include "quipu/sampler.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "quipu/error.h"
#include "text/random.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::Sampler;
using quipu::SamplerOptions;
using quipu::Token;
using quipu::TokenSet;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Only the draw: no stage takes anything away.
const SamplerOptions open{
    .temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0, .repeat_last = 64, .seed = 42};

std::vector<float> logits_of(std::size_t size) {
  std::vector<float> logits(size);
  for (std::size_t i = 0; i < size; ++i)
    logits[i] = static_cast<float>(quipu::random_unit(99, i) * 8 - 4);
  return logits;
}

// Probabilities after all stages, as their definitions say, in doubles.
std::map<Token, double> expected(const SamplerOptions& options, const std::vector<float>& logits) {
  std::vector<std::pair<double, Token>> all;
  for (std::size_t i = 0; i < logits.size(); ++i)
    all.emplace_back(-static_cast<double>(logits[i]), static_cast<Token>(i));
  std::ranges::sort(all);
  if (options.top_k > 0 && all.size() > static_cast<std::size_t>(options.top_k))
    all.resize(static_cast<std::size_t>(options.top_k));
  double sum = 0;
  for (const auto& [minus, token] : all) sum += std::exp(-minus);
  std::vector<std::pair<double, Token>> kept;
  double reached = 0;
  for (const auto& [minus, token] : all) {
    if (!kept.empty() && options.top_p < 1 && reached >= options.top_p) break;
    reached += std::exp(-minus) / sum;
    kept.emplace_back(minus, token);
  }
  std::erase_if(kept, [&](const auto& c) {
    return std::exp(-c.first) < options.min_p * std::exp(-kept[0].first);
  });
  std::map<Token, double> out;
  double total = 0;
  for (const auto& [minus, token] : kept) total += std::exp(-minus / options.temperature);
  for (const auto& [minus, token] : kept)
    out[token] = std::exp(-minus / options.temperature) / total;
  return out;
}

void check_distribution(const SamplerOptions& options, const std::vector<float>& logits) {
  constexpr int draws = 5000;
  const auto likelihoods = expected(options, logits);
  std::map<Token, int> counts;
  Sampler sampler(options, logits.size());
  for (int i = 0; i < draws; ++i) ++counts[sampler.sample(logits)];

  for (const auto& [token, count] : counts)
    BOOST_TEST(likelihoods.contains(token), "token " << token << " should have been cut");
  for (const auto& [token, p] : likelihoods)
    // Five standard deviations of a binomial count; the seed is fixed, so it holds or it does not.
    BOOST_TEST(std::abs(counts[token] - p * draws) <= 5 * std::sqrt(draws * p * (1 - p)) + 1,
               "token " << token << " came " << counts[token] << " times of " << p * draws);
}

}  // namespace

BOOST_AUTO_TEST_CASE(temperature_0_takes_the_highest_and_of_equal_ones_the_first) {
  Sampler sampler({.temperature = 0}, 5);

  BOOST_TEST(sampler.sample(std::vector<float>{1, 3, 2, 3, -1}) == 1);
}

BOOST_AUTO_TEST_CASE(a_seed_draws_the_tokens_that_its_numbers_say) {
  // Likelihoods 1/2, 1/4, 1/4 of tokens 2, 0, 1; drawn by SplitMix64 of seed 42.
  const std::vector<float> logits{0, 0, std::log(2.0f)};
  SamplerOptions options = open;
  options.top_k = 3;
  Sampler sampler(options, 3);

  for (const Token token : {0, 2, 2, 2, 2, 1, 2, 1, 2, 0, 2, 2, 0, 0, 0, 2})
    BOOST_TEST(sampler.sample(logits) == token);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_tokens_and_another_does_not) {
  const auto logits = logits_of(1000);
  const auto tokens = [&](std::uint64_t seed) {
    Sampler sampler({.seed = seed}, logits.size());
    std::vector<Token> out;
    for (int i = 0; i < 20; ++i) out.push_back(sampler.sample(logits));
    return out;
  };

  BOOST_TEST(tokens(1) == tokens(1));
  BOOST_TEST((tokens(1) != tokens(2)));
}

BOOST_AUTO_TEST_CASE(a_seed_that_was_drawn_can_be_read_and_used_again) {
  const auto logits = logits_of(1000);
  Sampler first({}, logits.size());
  Sampler second({.seed = first.seed()}, logits.size());

  for (int i = 0; i < 20; ++i) BOOST_TEST(first.sample(logits) == second.sample(logits));
}

BOOST_AUTO_TEST_CASE(without_cuts_every_token_comes_as_often_as_it_is_likely) {
  check_distribution(open, logits_of(50));
}

BOOST_AUTO_TEST_CASE(temperature_flattens_or_sharpens) {
  for (const float temperature : {0.3f, 2.5f}) {
    SamplerOptions options = open;
    options.temperature = temperature;
    check_distribution(options, logits_of(50));
  }
}

BOOST_AUTO_TEST_CASE(top_k_keeps_the_k_likeliest) {
  for (const std::int32_t top_k : {1, 7, 49, 50, 51}) {
    SamplerOptions options = open;
    options.top_k = top_k;
    check_distribution(options, logits_of(50));
  }
}

BOOST_AUTO_TEST_CASE(top_p_keeps_the_fewest_likeliest_that_reach_p) {
  for (const float top_p : {0.0f, 0.1f, 0.5f, 0.9f}) {
    SamplerOptions options = open;
    options.top_p = top_p;
    check_distribution(options, logits_of(600));
  }
}

BOOST_AUTO_TEST_CASE(min_p_keeps_what_is_at_least_that_share_of_the_likeliest) {
  for (const float min_p : {0.02f, 0.3f, 1.0f}) {
    SamplerOptions options = open;
    options.min_p = min_p;
    check_distribution(options, logits_of(50));
  }
}

BOOST_AUTO_TEST_CASE(all_stages_work_together_in_their_order) {
  check_distribution({.temperature = 1.7f, .top_k = 30, .top_p = 0.8f, .min_p = 0.1f, .seed = 3},
                     logits_of(500));
  check_distribution({.temperature = 0.8f, .top_k = 0, .top_p = 0.7f, .min_p = 0.2f, .seed = 4},
                     logits_of(500));
}

BOOST_AUTO_TEST_CASE(a_repeated_token_is_divided_when_positive_and_multiplied_when_negative) {
  Sampler sampler({.temperature = 0, .repeat_penalty = 2}, 3);
  sampler.accept(0);

  BOOST_TEST(sampler.sample(std::vector<float>{3, 2, 0}) == 1);     // 3 / 2 < 2
  BOOST_TEST(sampler.sample(std::vector<float>{5, 2, 0}) == 0);     // 5 / 2 > 2
  BOOST_TEST(sampler.sample(std::vector<float>{-1, -3, -4}) == 0);  // -1 * 2 > -3
  BOOST_TEST(sampler.sample(std::vector<float>{-2, -3, -4}) == 1);  // -2 * 2 < -3
}

BOOST_AUTO_TEST_CASE(the_frequency_penalty_counts_and_the_presence_penalty_does_not) {
  Sampler frequency({.temperature = 0, .frequency_penalty = 1}, 2);
  Sampler presence({.temperature = 0, .presence_penalty = 1}, 2);
  for (int i = 0; i < 3; ++i) {
    frequency.accept(0);
    presence.accept(0);
  }

  BOOST_TEST(frequency.sample(std::vector<float>{2.5f, 0}) == 1);  // 2.5 - 3 < 0
  BOOST_TEST(presence.sample(std::vector<float>{2.5f, 0}) == 0);   // 2.5 - 1 > 0
}

BOOST_AUTO_TEST_CASE(penalties_forget_what_is_further_back_than_repeat_last) {
  Sampler sampler({.temperature = 0, .repeat_last = 2, .presence_penalty = 10}, 3);
  sampler.accept(0);
  sampler.accept(1);
  BOOST_TEST(sampler.sample(std::vector<float>{5, 4, 0}) == 2);
  sampler.accept(2);

  BOOST_TEST(sampler.sample(std::vector<float>{5, 4, 0}) == 0);
}

BOOST_AUTO_TEST_CASE(a_repeat_last_of_minus_1_never_forgets) {
  Sampler sampler({.temperature = 0, .repeat_last = -1, .presence_penalty = 10}, 3);
  sampler.accept(0);
  for (int i = 0; i < 1000; ++i) sampler.accept(2);

  BOOST_TEST(sampler.sample(std::vector<float>{5, 4, 0}) == 1);
}

BOOST_AUTO_TEST_CASE(accepted_ids_outside_the_vocabulary_do_no_harm) {
  Sampler sampler({.temperature = 0, .repeat_penalty = 2}, 3);
  sampler.accept(-1);
  sampler.accept(1'000'000'000);

  BOOST_TEST(sampler.sample(std::vector<float>{1, 2, 3}) == 2);
}

BOOST_AUTO_TEST_CASE(what_is_no_distribution_is_refused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float temperature : {0.0f, 0.8f}) {
    Sampler sampler({.temperature = temperature}, 3);
    for (const auto& logits : {std::vector<float>{1, nan, 2}, std::vector<float>(3, -infinity),
                               std::vector<float>{1, infinity, 2}, std::vector<float>{}})
      BOOST_CHECK_EXCEPTION(sampler.sample(logits), Error, [](const Error& error) {
        return error.code() == ErrorCode::invalid &&
               std::string(error.what()).starts_with("logits");
      });
  }
}

BOOST_AUTO_TEST_CASE(a_token_of_minus_infinity_is_never_drawn) {
  SamplerOptions options = open;
  options.temperature = 100;
  Sampler sampler(options, 3);

  for (int i = 0; i < 1000; ++i)
    BOOST_TEST(sampler.sample(std::vector<float>{0, -infinity, 0}) != 1);
}

BOOST_AUTO_TEST_CASE(
    only_allowed_tokens_are_drawn_and_as_often_as_they_are_likely_among_themselves) {
  const auto logits = logits_of(300);
  auto masked = logits;
  TokenSet allowed(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i)
    if (i % 7 == 3 || i / 64 == 2)
      allowed.set(static_cast<Token>(i));
    else
      masked[i] = -infinity;
  for (const std::int32_t top_k : {0, 20}) {
    SamplerOptions options = open;
    options.top_k = top_k;
    Sampler under_mask(options, logits.size()), plain(options, logits.size());

    for (int i = 0; i < 200; ++i)
      BOOST_TEST(under_mask.sample(logits, &allowed) == plain.sample(masked));
  }
}

BOOST_AUTO_TEST_CASE(no_allowed_token_is_an_error) {
  const TokenSet none(3);
  Sampler sampler({}, 3);

  BOOST_CHECK_EXCEPTION(sampler.sample(std::vector<float>{1, 2, 3}, &none), Error,
                        [](const Error& error) { return error.code() == ErrorCode::invalid; });
}
