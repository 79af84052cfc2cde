#include "text/logit_blocks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>

namespace quipu {
namespace {

constexpr std::size_t block = 64;  // tokens; a word of a TokenSet
constexpr std::uint64_t every = ~std::uint64_t{0};
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

// All bits of lane i are bit i of the word. By comparison, which has vectors where a shift by lanes
// has none.
inline void spread(std::uint64_t word, std::int32_t* lanes) {
  static constexpr auto bits = [] {
    std::array<std::int32_t, 32> all{};
    for (std::size_t i = 0; i < 32; ++i)
      all[i] = std::bit_cast<std::int32_t>(std::uint32_t{1} << i);
    return all;
  }();
  const auto low = static_cast<std::int32_t>(word & 0xFFFFFFFF);
  const auto high = static_cast<std::int32_t>(word >> 32);
  for (std::size_t i = 0; i < 32; ++i) lanes[i] = -((low & bits[i]) != 0);
  for (std::size_t i = 0; i < 32; ++i) lanes[32 + i] = -((high & bits[i]) != 0);
}

// Of the tokens whose bit in the word is set.
inline Seen see(const float* row, std::size_t count, std::uint64_t word) {
  std::int32_t lanes[block];
  spread(word, lanes);
  Seen seen;
  const std::int32_t none = seen.highest;
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t bits;
    std::memcpy(&bits, row + i, sizeof bits);
    seen.highest = std::max(seen.highest, (ordered(bits) & lanes[i]) | (none & ~lanes[i]));
    seen.magnitude = std::max(seen.magnitude, bits & magnitude & lanes[i]);
  }
  return seen;
}

// Sums in lanes, which compilers turn into vectors.
struct Moments {
  static constexpr std::size_t lanes = 8;
  double count[lanes] = {}, sum[lanes] = {}, squares[lanes] = {};
};

void add(const float* row, std::size_t count, const std::int32_t* allowed, float highest,
         Moments& all) {
  float below[block] = {}, counts[block] = {};
  for (std::size_t i = 0; i < count; ++i) {
    const bool in = allowed[i] != 0 && row[i] > lowest;
    counts[i] = in ? 1.0f : 0.0f;
    below[i] = in ? row[i] - highest : 0.0f;
  }
  for (std::size_t i = 0; i < block; i += Moments::lanes)
    for (std::size_t lane = 0; lane < Moments::lanes; ++lane) {
      const double distance = below[i + lane];
      all.count[lane] += counts[i + lane];
      all.sum[lane] += distance;
      all.squares[lane] += distance * distance;
    }
}

}  // namespace

void LogitBlocks::scan(std::span<const float> logits, const TokenSet* allowed) {
  logits_ = logits;
  allowed_ = allowed;
  blocks_.clear();
  std::int32_t largest = 0;
  for (std::size_t first = 0; first < logits.size(); first += block) {
    const std::size_t rest = logits.size() - first;
    const std::uint64_t word = word_of(first / block);
    Seen seen;
    if (word == every)
      seen = rest >= block ? see(&logits[first], block) : see(&logits[first], rest);
    else if (word != 0)
      seen = rest >= block ? see(&logits[first], block, word) : see(&logits[first], rest, word);
    largest = std::max(largest, seen.magnitude);
    blocks_.push_back(std::bit_cast<float>(ordered(seen.highest)));
  }
  highest_ = blocks_.empty() ? lowest : *std::ranges::max_element(blocks_);
  has_nan_ = largest > infinite;
}

std::uint64_t LogitBlocks::word_of(std::size_t in) const noexcept {
  if (!allowed_) return every;
  const auto words = allowed_->words();
  return in < words.size() ? words[in] : 0;
}

double LogitBlocks::deviation() const {
  // Of distances from the highest: their squares do not lose the digits that those of logits would.
  Moments all;
  for (std::size_t first = 0; first < logits_.size(); first += block) {
    const std::size_t count = std::min(logits_.size() - first, block);
    std::int32_t lanes[block];
    spread(word_of(first / block), lanes);
    add(&logits_[first], count, lanes, highest_, all);
  }
  double count = 0, sum = 0, squares = 0;
  for (std::size_t lane = 0; lane < Moments::lanes; ++lane) {
    count += all.count[lane];
    sum += all.sum[lane];
    squares += all.squares[lane];
  }
  const double mean = sum / count;
  return std::sqrt(std::max(0.0, squares / count - mean * mean));
}

Token LogitBlocks::first_highest() const {
  const auto in = static_cast<std::size_t>(std::ranges::find(blocks_, highest_) - blocks_.begin());
  const std::uint64_t word = word_of(in);
  std::size_t at = 0;
  while ((word >> at & 1) == 0 || logits_[in * block + at] != highest_) ++at;
  return static_cast<Token>(in * block + at);
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
    const std::uint64_t word = word_of(in);
    const std::size_t first = in * block, end = std::min(logits_.size(), first + block);
    for (std::size_t at = first; at < end; ++at)
      if (logits_[at] >= least && (word >> (at - first) & 1) != 0)
        out.push_back({logits_[at], static_cast<Token>(at)});
  }
}

}  // namespace quipu
