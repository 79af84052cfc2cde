// Time of one draw from 150,000 logits, by chain: nanoseconds, the least and the median of many.
#include "quipu/sampler.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "text/random.h"

using quipu::Sampler;
using quipu::SamplerOptions;
using quipu::Token;
using quipu::TokenSet;

namespace {

constexpr std::size_t vocabulary = 150'000;

// Roughly what models give: normal, a few words far above the rest.
std::vector<float> logits_of(std::uint64_t seed) {
  std::vector<float> logits(vocabulary);
  for (std::size_t i = 0; i < vocabulary; ++i) {
    const double u = quipu::random_unit(seed, 2 * i) + 1e-12,
                 v = quipu::random_unit(seed, 2 * i + 1);
    logits[i] = static_cast<float>(2.5 * std::sqrt(-2 * std::log(u)) * std::cos(6.283185307 * v));
  }
  for (std::size_t i = 0; i < 20; ++i)
    logits[quipu::random_bits(seed, i) % vocabulary] += static_cast<float>(i) / 2;
  return logits;
}

void measure(const char* name, const SamplerOptions& options, const TokenSet* allowed = nullptr) {
  constexpr int draws = 200;
  std::vector<std::vector<float>> rows;
  for (std::uint64_t seed = 0; seed < 4; ++seed) rows.push_back(logits_of(seed));
  Sampler sampler(options, vocabulary);
  for (std::uint64_t i = 0; i < 1000; ++i)
    sampler.accept(static_cast<Token>(quipu::random_bits(7, i) % 100));
  std::vector<double> times;
  for (int i = 0; i < draws; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const Token token = sampler.sample(rows[static_cast<std::size_t>(i) % rows.size()], allowed);
    times.push_back(
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
    sampler.accept(token);
  }
  std::ranges::sort(times);
  std::printf("%-40s %9.0f %9.0f\n", name, times[0], times[draws / 2]);
}

}  // namespace

int main() {
  std::printf("%-40s %9s %9s\n", "chain", "least ns", "median ns");
  measure("default", {.seed = 1});
  measure("temperature 0", {.temperature = 0});
  TokenSet every(vocabulary), some(vocabulary), few(vocabulary);
  every.set_all();
  for (std::size_t i = 0; i < vocabulary; ++i) {
    if (quipu::random_bits(3, i) % 2 == 0) some.set(static_cast<Token>(i));
    if (quipu::random_bits(4, i) % 1000 == 0) few.set(static_cast<Token>(i));
  }
  measure("default, all allowed", {.seed = 1}, &every);
  measure("default, half allowed", {.seed = 1}, &some);
  measure("default, 1 of 1000 allowed", {.seed = 1}, &few);
  measure("penalties and default", {.repeat_penalty = 1.1f, .seed = 1});
  measure("min-p alone", {.top_k = 0, .top_p = 1, .seed = 1});
  measure("top-p alone", {.top_k = 0, .min_p = 0, .seed = 1});
  measure("typical-p alone", {.top_k = 0, .top_p = 1, .min_p = 0, .seed = 1, .typical_p = 0.9f});
  measure("top-n-sigma and default", {.seed = 1, .top_n_sigma = 1.5f});
  measure("DRY and default, 1000 tokens back", {.seed = 1, .dry_multiplier = 0.8f});
  measure("mirostat 1", {.seed = 1, .mirostat = 1});
  measure("mirostat 2", {.seed = 1, .mirostat = 2});
  SamplerOptions all{.seed = 1};
  all.repeat_penalty = 1.1f;
  all.dry_multiplier = 0.8f;
  all.top_n_sigma = 2;
  all.typical_p = 0.95f;
  all.xtc_probability = 0.5f;
  all.dynatemp_range = 0.3f;
  all.logit_bias = {{5, 1.0f}};
  measure("every stage", all);
  all.stages.push_back(quipu::SamplerStage::adaptive_p);
  all.adaptive_target = 0.4f;
  measure("every stage and adaptive p", all);
}
