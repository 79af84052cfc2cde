#include "engine/draft_budget.h"

#include <algorithm>

namespace quipu {
namespace {

// Runs of a machine in use differ by tens of percent; this looks back on about ten.
constexpr double weight_of_last = 0.1;
// A token more costs about this when weights come from memory.
constexpr double growth = 0.05;

}  // namespace

void RunCosts::ran(std::size_t tokens, double seconds) noexcept {
  if (tokens == 0 || tokens > most_tokens) return;
  double& known = seconds_[tokens];
  known += known == 0 ? seconds : weight_of_last * (seconds - known);
}

double RunCosts::seconds(std::size_t tokens) const noexcept {
  for (std::size_t fewer = std::min(tokens, most_tokens); fewer > 0; --fewer)
    if (seconds_[fewer] > 0)
      return seconds_[fewer] * (1 + growth * static_cast<double>(tokens - fewer));
  return 0;
}

void Acceptance::checked(std::uint32_t kind, std::size_t guessed, std::size_t held) noexcept {
  double& rate = rates_[kind];
  for (std::size_t i = 0; i < std::min(held + 1, guessed); ++i)
    rate += weight_of_last * ((i < held ? 1 : 0) - rate);
}

void Acceptance::passed() noexcept {
  for (double& rate : rates_) rate += 0.02 * (expected - rate);
}

double Acceptance::best() const noexcept {
  return *std::ranges::max_element(rates_);
}

std::size_t best_guess_count(const RunCosts& costs, double rate, std::size_t others,
                             std::size_t most, double seconds_per_guess) noexcept {
  std::size_t best = 0;
  double best_rate = 0, tokens = 1, chance = 1;
  for (std::size_t guesses = 0; guesses <= most; ++guesses) {
    if (guesses) tokens += chance *= rate;
    const double cost =
        costs.seconds(others + 1 + guesses) + static_cast<double>(guesses) * seconds_per_guess;
    // Without any figure yet one token is as good as another: one.
    if (cost <= 0) return 0;
    if (tokens / cost > best_rate) {
      best_rate = tokens / cost;
      best = guesses;
    }
  }
  return best;
}

}  // namespace quipu
