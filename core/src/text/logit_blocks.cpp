#include "text/logit_blocks.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>

namespace quipu {
namespace {

constexpr std::size_t block = 64;
constexpr float lowest = -std::numeric_limits<float>::infinity();
constexpr std::int32_t magnitude = 0x7FFFFFFF, infinite = 0x7F800000;

// Floats as integers of the same order: of those, compilers take the highest in vectors, which for
// floats the rules of NaN and -0 forbid. Its own inverse.
constexpr std::int32_t ordered(std::int32_t bits) noexcept {
  return bits ^ (bits >> 31 & magnitude);
}

struct Seen {
  std::int32_t highest = ordered(std::bit_cast<std::int32_t>(lowest));
  std::int32_t magnitude = 0;
};

inline Seen see(const float* row, std::size_t count) {
  Seen seen;
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t bits;
    std::memcpy(&bits, row + i, sizeof bits);
    seen.highest = std::max(seen.highest, ordered(bits));
    seen.magnitude = std::max(seen.magnitude, bits & magnitude);
  }
  return seen;
}

}  // namespace

void LogitBlocks::scan(std::span<const float> logits) {
  logits_ = logits;
  blocks_.clear();
  std::int32_t largest = 0;
  for (std::size_t first = 0; first < logits.size(); first += block) {
    const std::size_t rest = logits.size() - first;
    const Seen seen = rest >= block ? see(&logits[first], block) : see(&logits[first], rest);
    largest = std::max(largest, seen.magnitude);
    blocks_.push_back(std::bit_cast<float>(ordered(seen.highest)));
  }
  highest_ = blocks_.empty() ? lowest : *std::ranges::max_element(blocks_);
  has_nan_ = largest > infinite;
}

Token LogitBlocks::first_highest() const {
  const auto in = std::ranges::find(blocks_, highest_) - blocks_.begin();
  const auto rest = logits_.subspan(static_cast<std::size_t>(in) * block);
  return static_cast<Token>(in * static_cast<std::ptrdiff_t>(block) +
                            (std::ranges::find(rest, highest_) - rest.begin()));
}

void LogitBlocks::collect_highest(std::size_t count, std::vector<Candidate>& out) {
  // The count-th highest of the blocks' own highest: at least as many logits are not below it.
  float least = lowest;
  if (count < blocks_.size()) {
    ranked_ = blocks_;
    const auto last = ranked_.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::ranges::nth_element(ranked_, last, std::greater());
    least = *last;
  }
  collect(least, out);
}

void LogitBlocks::collect(float least, std::vector<Candidate>& out) const {
  out.clear();
  for (std::size_t in = 0; in < blocks_.size(); ++in) {
    if (!(blocks_[in] >= least)) continue;
    const std::size_t end = std::min(logits_.size(), (in + 1) * block);
    for (std::size_t at = in * block; at < end; ++at)
      if (logits_[at] >= least) out.push_back({logits_[at], static_cast<Token>(at)});
  }
}

}  // namespace quipu
