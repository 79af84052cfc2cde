#include "text/sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "quipu/error.h"

namespace quipu {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float lowest = std::numeric_limits<float>::lowest();

void check_top(float top) {
  if (!std::isfinite(top))
    throw Error(ErrorCode::invalid,
                "logits: expected the highest to be finite, found " + std::to_string(top));
}

}  // namespace

void Candidates::start(std::span<const float> logits, const TokenSet* allowed) {
  logits_ = logits;
  allowed_ = allowed;
  list_.clear();
  ordered_ = 0;
  scale_ = 1;
  seen_ = collected_ = false;
}

void Candidates::see() {
  if (seen_) return;
  row_.scan(logits_, allowed_);
  if (row_.has_nan()) throw Error(ErrorCode::invalid, "logits: expected numbers, found NaN");
  if (allowed_ && row_.highest() == -infinity)
    throw Error(ErrorCode::invalid, "logits: expected an allowed token above -inf, found none");
  check_top(row_.highest());
  top_ = row_.highest();
  seen_ = true;
}

// After changes in the list.
void Candidates::check_list() {
  if (std::ranges::any_of(list_, [](const Candidate& c) { return std::isnan(c.logit); }))
    throw Error(ErrorCode::invalid, "logits: expected numbers, found NaN");
  std::erase_if(list_, [](const Candidate& c) { return c.logit == -infinity; });
  ordered_ = 0;
  top_ = -infinity;
  for (const auto& c : list_) top_ = std::max(top_, c.logit);
  check_top(top_);
}

// Logits as they are after the scale.
void Candidates::flatten() {
  all();
  for (auto& c : list_) c.logit = static_cast<float>(c.logit * scale_);
  top_ = static_cast<float>(top_ * scale_);
  scale_ = 1;
}

float Candidates::top() {
  see();
  return top_;
}

double Candidates::weight(const Candidate& candidate) const {
  return std::exp((static_cast<double>(candidate.logit) - top_) * scale_);
}

double Candidates::total_weight() {
  double sum = 0;
  for (const auto& c : all()) sum += weight(c);
  return sum;
}

double Candidates::deviation() {
  see();
  if (!collected_) return row_.deviation();
  double sum = 0, squares = 0;
  for (const auto& c : list_) {
    const double below = static_cast<double>(c.logit) - top_;
    sum += below;
    squares += below * below;
  }
  const double mean = sum / static_cast<double>(list_.size());
  return std::sqrt(std::max(0.0, squares / static_cast<double>(list_.size()) - mean * mean));
}

const std::vector<Candidate>& Candidates::all() {
  see();
  if (!collected_) {
    row_.collect(lowest, list_);
    collected_ = true;
  }
  return list_;
}

void Candidates::order(std::size_t count) {
  count = std::min(count, all().size());
  if (count <= ordered_) return;
  const auto at = [&](std::size_t i) { return list_.begin() + static_cast<std::ptrdiff_t>(i); };
  std::partial_sort(at(ordered_), at(count), list_.end(), likelier);
  ordered_ = count;
}

void Candidates::keep_highest(std::size_t count) {
  see();
  if (!collected_ && count == 1) {
    list_.assign(1, {top_, row_.first_highest()});
  } else if (!collected_) {
    row_.collect_highest(count, list_);
    std::erase_if(list_, [](const Candidate& c) { return c.logit == -infinity; });
    std::ranges::sort(list_, likelier);
    ordered_ = list_.size();
  }
  collected_ = true;
  order(count);
  list_.resize(std::min(count, list_.size()));
  ordered_ = std::min(ordered_, list_.size());
}

void Candidates::keep_near(double distance, std::size_t min_keep) {
  see();
  const double least = static_cast<double>(top_) - distance / scale_;
  const auto below = [&](const Candidate& c) { return c.logit < least; };
  if (min_keep > 1) {
    const auto near = static_cast<std::size_t>(
        std::ranges::count_if(all(), [&](const Candidate& c) { return !below(c); }));
    if (near < min_keep) return keep_highest(min_keep);
  }
  if (!collected_) {
    // Rounded down to a float it takes nothing away that belongs.
    const double bounded = std::max<double>(least, lowest);
    row_.collect(std::nextafter(static_cast<float>(bounded), lowest), list_);
    collected_ = true;
  }
  std::erase_if(list_, below);
  ordered_ = std::min(ordered_, list_.size());
}

void Candidates::sharpen(double factor) {
  // Within limits, so that no chain of temperatures makes it 0 or infinite.
  scale_ = std::clamp(scale_ * factor, 1e-300, 1e300);
}

void Candidates::replace(std::vector<Candidate>& others, double scale) {
  std::swap(list_, others);
  scale_ = scale;
  collected_ = true;
  check_list();
}

}  // namespace quipu
