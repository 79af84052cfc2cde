#include "text/sampling/ranking.h"

#include <algorithm>

namespace quipu {
namespace {

// Ranks are distances of logarithms. Shelves of 1/32 hold few of 150,000 candidates each; beyond
// the last begin likelihoods of e^-64.
constexpr std::size_t shelves = 2048;

std::size_t shelf(double rank) {
  return rank < shelves / 32 ? static_cast<std::size_t>(rank * 32) : shelves - 1;
}

}  // namespace

void Ranking::clear() {
  all_.clear();
  weights_.assign(shelves, 0);
  counts_.assign(shelves, 0);
}

void Ranking::add(const Candidate& candidate, double rank, double weight) {
  all_.push_back({rank, weight, candidate});
  weights_[shelf(rank)] += weight;
  ++counts_[shelf(rank)];
}

void Ranking::keep(double share, Enough enough, std::size_t min_keep,
                   std::vector<Candidate>& kept) {
  double total = 0;
  for (const double weight : weights_) total += weight;
  double reached = 0;
  std::size_t count = 0;
  const auto done = [&] {
    return (enough == Enough::more ? reached > share * total : reached >= share * total) &&
           count > 0 && count >= min_keep;
  };
  // Whole shelves first; only the one that has the end is sorted.
  std::size_t edge = 0;
  for (; edge < shelves; ++edge) {
    const double before = reached;
    reached += weights_[edge];
    count += counts_[edge];
    if (!done()) continue;
    reached = before;
    count -= counts_[edge];
    break;
  }
  kept.clear();
  edge_.clear();
  for (const auto& ranked : all_) {
    const std::size_t on = shelf(ranked.rank);
    if (on < edge) kept.push_back(ranked.candidate);
    if (on == edge) edge_.push_back(ranked);
  }
  std::ranges::sort(edge_, [](const Ranked& a, const Ranked& b) {
    return a.rank != b.rank ? a.rank < b.rank : likelier(a.candidate, b.candidate);
  });
  for (const auto& ranked : edge_) {
    if (done()) break;
    reached += ranked.weight;
    ++count;
    kept.push_back(ranked.candidate);
  }
}

}  // namespace quipu
