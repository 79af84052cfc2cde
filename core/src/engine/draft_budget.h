// How many tokens are worth guessing.
#pragma once

#include <array>
#include <cstddef>

#include "engine/drafter.h"

namespace quipu {

/// What a run of so many tokens takes, as seen lately.
class RunCosts {
 public:
  /// More tokens than this are never run for the sake of guesses: the products of small batches
  /// give the same sums for each token as for one alone, larger ones may round differently.
  static constexpr std::size_t most_tokens = 7;

  void ran(std::size_t tokens, double seconds) noexcept;
  /// Of tokens not seen yet: a little more than of the nearest fewer, so that they are tried.
  /// 0 = nothing is known.
  double seconds(std::size_t tokens) const noexcept;

 private:
  std::array<double, most_tokens + 1> seconds_{};
};

/// How often one sequence's guesses held lately.
class Acceptance {
 public:
  Acceptance() noexcept { rates_.fill(expected); }
  void checked(std::uint32_t kind, std::size_t guessed, std::size_t held) noexcept;
  /// A step without guesses: what was learnt fades.
  void passed() noexcept;
  double rate(std::uint32_t kind) const noexcept { return rates_[kind]; }
  /// Of the kind that holds most often.
  double best() const noexcept;

 private:
  static constexpr double expected = 0.7;
  std::array<double, Guesses::kinds> rates_;
};

/// The number of guesses, 0 to `most`, that gives most tokens a second, when each holds with
/// probability `rate` and `others` further tokens run anyway.
std::size_t best_guess_count(const RunCosts& costs, double rate, std::size_t others,
                             std::size_t most, double seconds_per_guess) noexcept;

}  // namespace quipu
