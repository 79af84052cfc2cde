// Likelihoods after single stages as llama.cpp's own test has them (tests/test-sampling.cpp at
// 07e4038), made to sum to one.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include "text/sampling/chain.h"

using quipu::SamplerOptions;
using quipu::Token;

namespace {

// No stage is on.
const SamplerOptions off{.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0, .seed = 1};

const std::vector<double> rising{0.1, 0.2, 0.3, 0.4}, falling{0.4, 0.3, 0.2, 0.1}, five(5, 0.2),
    four(4, 0.25);

void gives(const SamplerOptions& options, const std::vector<double>& likelihoods,
           const std::vector<double>& expected, const std::vector<Token>& history = {}) {
  std::vector<float> logits;
  for (const double p : likelihoods) logits.push_back(static_cast<float>(std::log(p)));
  quipu::Chain chain(options, logits.size(), nullptr);
  for (const Token token : history) chain.accept(token);

  auto& candidates = chain.candidates(logits, nullptr);

  std::vector<double> found(logits.size(), 0);
  double sum = 0;
  for (const double p : expected) sum += p;
  for (const auto& c : candidates.all())
    found[static_cast<std::size_t>(c.token)] = candidates.weight(c) / candidates.total_weight();
  for (std::size_t i = 0; i < found.size(); ++i)
    // Their numbers have five to six digits.
    BOOST_TEST(std::abs(found[i] - expected[i] / sum) < 1e-5,
               "token " << i << ": expected " << expected[i] / sum << ", found " << found[i]);
}

template <class T>
SamplerOptions with(T SamplerOptions::*member, T value, SamplerOptions options = off) {
  options.*member = value;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_CASE(temperatures_are_those_of_llama_cpp) {
  gives(off, rising, rising);
  gives(with(&SamplerOptions::temperature, 0.0f), rising, {0, 0, 0, 1});
}

BOOST_AUTO_TEST_CASE(top_k_is_that_of_llama_cpp) {
  gives(with(&SamplerOptions::top_k, 1), rising, {0, 0, 0, 1});
  gives(with(&SamplerOptions::top_k, 3), rising, {0, 0.22222, 0.33333, 0.44444});
  gives(with(&SamplerOptions::top_k, 4), rising, rising);
  gives(with(&SamplerOptions::top_k, 0), rising, rising);
}

BOOST_AUTO_TEST_CASE(top_p_is_that_of_llama_cpp) {
  gives(with(&SamplerOptions::top_p, 0.0f), rising, {0, 0, 0, 1});
  gives(with(&SamplerOptions::top_p, 0.7f), rising, {0, 0, 0.428571, 0.571429});
  gives(with(&SamplerOptions::top_p, 0.8f), rising, {0, 0.22222, 0.33333, 0.44444});
  gives(with(&SamplerOptions::top_p, 1.0f), rising, rising);
}

BOOST_AUTO_TEST_CASE(min_p_is_that_of_llama_cpp) {
  gives(with(&SamplerOptions::min_p, 0.0f), rising, rising);
  gives(with(&SamplerOptions::min_p, 0.24f), rising, rising);
  gives(with(&SamplerOptions::min_p, 0.26f), rising, {0, 0.2, 0.3, 0.4});
  gives(with(&SamplerOptions::min_p, 0.49f), rising, {0, 0.2, 0.3, 0.4});
  gives(with(&SamplerOptions::min_p, 0.51f), rising, {0, 0, 0.3, 0.4});
  gives(with(&SamplerOptions::min_p, 0.74f), rising, {0, 0, 0.3, 0.4});
  gives(with(&SamplerOptions::min_p, 0.76f), rising, {0, 0, 0, 0.4});
  gives(with(&SamplerOptions::min_p, 1.0f), rising, {0, 0, 0, 0.4});
}

BOOST_AUTO_TEST_CASE(xtc_is_that_of_llama_cpp) {
  const auto xtc = [](float threshold) {
    return with(&SamplerOptions::xtc_threshold, threshold,
                with(&SamplerOptions::xtc_probability, 0.99f));
  };
  gives(xtc(0.09f), falling, {0, 0, 0, 0.1});
  gives(xtc(0.19f), falling, {0, 0, 0.2, 0.1});
  gives(xtc(0.29f), falling, {0, 0.3, 0.2, 0.1});
  gives(xtc(0.39f), falling, falling);
}

BOOST_AUTO_TEST_CASE(typical_p_is_that_of_llama_cpp) {
  gives(with(&SamplerOptions::typical_p, 0.5f), {0.97, 0.01, 0.01, 0.01}, {0.97, 0, 0, 0});
  gives(with(&SamplerOptions::typical_p, 0.5f), {0.4, 0.2, 0.2, 0.2}, {0, 0.2, 0.2, 0.2});
}

BOOST_AUTO_TEST_CASE(top_n_sigma_is_that_of_llama_cpp) {
  gives(with(&SamplerOptions::top_n_sigma, 1.0f), rising, {0, 0, 0.428571, 0.571429});
  gives(with(&SamplerOptions::top_n_sigma, 0.0f), rising, rising);
  gives(with(&SamplerOptions::top_n_sigma, 3.0f), rising, rising);
}

BOOST_AUTO_TEST_CASE(penalties_are_those_of_llama_cpp) {
  const auto repeat = with(&SamplerOptions::repeat_penalty, 50.0f);
  gives(repeat, five, {0, 0.25, 0.25, 0.25, 0.25}, {0});
  gives(repeat, five, {0, 0, 0, 0.5, 0.5}, {0, 1, 2});
  gives(repeat, five, {0, 0, 0, 0.5, 0.5}, {0, 1, 2, 0, 0});
  const auto both =
      with(&SamplerOptions::frequency_penalty, 5.0f, with(&SamplerOptions::presence_penalty, 5.0f));
  gives(both, five, {0.000011, 0.249997, 0.249997, 0.249997, 0.249997}, {0});
  gives(both, five, {0.000023, 0.000023, 0.000023, 0.499966, 0.499966}, {0, 1, 2});
  gives(both, five, {0, 0.000023, 0.000023, 0.499977, 0.499977}, {0, 1, 2, 0, 0});
}

BOOST_AUTO_TEST_CASE(dry_is_that_of_llama_cpp) {
  const auto dry = [](float multiplier, std::int32_t allowed, std::int32_t last) {
    SamplerOptions options = off;
    options.dry_multiplier = multiplier;
    options.dry_base = 1.1f;
    options.dry_allowed_length = allowed;
    options.dry_last = last;
    return options;
  };
  gives(dry(1, 2, 4), four, four, {0, 1});
  gives(dry(1, 2, 5), four, {0.296923, 0.296923, 0.109232, 0.296923}, {0, 1, 2, 0, 1});
  gives(dry(2, 2, 5), five, {0.241818, 0.241818, 0.032727, 0.241818, 0.241818}, {0, 1, 2, 0, 1});
  gives(dry(1, 4, 7), five, five, {0, 1, 2, 3, 4, 0, 1});
}
