// The highest logits of a row without touching every one of them twice: highest of each block of
// 64, then only the blocks that can hold one.
#pragma once

#include <span>
#include <vector>

#include "quipu/token_set.h"

namespace quipu {

struct Candidate {
  float logit;
  Token token;
};

/// Likelier first; equal ones by id, so that the order never depends on how it was found.
constexpr bool likelier(const Candidate& a, const Candidate& b) noexcept {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

/// Keeps its memory from row to row.
class LogitBlocks {
 public:
  /// Looks at a row, of which only the allowed tokens count (null: all). Both must stay while the
  /// other functions are called.
  void scan(std::span<const float> logits, const TokenSet* allowed = nullptr);

  bool has_nan() const noexcept { return has_nan_; }
  /// -inf when no token is allowed; of no use when there is a NaN.
  float highest() const noexcept { return highest_; }
  /// Standard deviation of the logits above -inf, of which there must be one.
  double deviation() const;
  /// The first token that has the highest logit, which must be above -inf.
  Token first_highest() const;
  /// Every token with one of the `count` highest logits, and perhaps more, in order of id.
  void collect_highest(std::size_t count, std::vector<Candidate>& out);
  /// Every token with at least this logit, in order of id.
  void collect(float least, std::vector<Candidate>& out) const;

 private:
  std::uint64_t word_of(std::size_t in) const noexcept;

  std::span<const float> logits_;
  const TokenSet* allowed_ = nullptr;
  std::vector<float> blocks_, ranked_;
  float highest_ = 0;
  bool has_nan_ = false;
};

}  // namespace quipu
