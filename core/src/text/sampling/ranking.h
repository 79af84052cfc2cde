// The first of many candidates by some rank that together make up a share of all, found without
// sorting them.
#pragma once

#include <cstddef>
#include <vector>

#include "text/logit_blocks.h"

namespace quipu {

/// Keeps its memory from use to use.
class Ranking {
 public:
  enum class Enough { at_least, more };

  void clear();
  /// `rank`: 0 or more, lower ones first, of equal ones the likelier candidate.
  void add(const Candidate& candidate, double rank, double weight);
  /// The fewest whose weights are `enough` for the share of all, but at least `min_keep`, in an
  /// order that the additions and their ranks fix.
  void keep(double share, Enough enough, std::size_t min_keep, std::vector<Candidate>& kept);

 private:
  struct Ranked {
    double rank, weight;
    Candidate candidate;
  };

  std::vector<Ranked> all_, edge_;
  std::vector<double> weights_;      // by shelf
  std::vector<std::size_t> counts_;  // by shelf
};

}  // namespace quipu
