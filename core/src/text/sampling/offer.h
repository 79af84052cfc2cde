// What stages that steer by their own choices remember between offering candidates and seeing
// which of them became part of the sequence.
#pragma once

#include <optional>
#include <vector>

#include "text/sampling/candidates.h"

namespace quipu {

class Offer {
 public:
  /// How likely each candidate is now.
  void remember(Candidates& candidates) {
    offered_.clear();
    const double total = candidates.total_weight();
    for (const auto& c : candidates.all())
      offered_.push_back({c.token, candidates.weight(c) / total});
  }
  /// How likely the token was in the last offer; nullopt: it was not in it. Ends the offer.
  std::optional<double> take(Token token) {
    std::optional<double> found;
    for (const auto& offered : offered_)
      if (offered.token == token) found = offered.likelihood;
    offered_.clear();
    return found;
  }

 private:
  struct Offered {
    Token token;
    double likelihood;
  };
  std::vector<Offered> offered_;
};

}  // namespace quipu
