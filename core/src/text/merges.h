// Greedy merging of neighbours, best pair first: the loop that byte-pair encoding and SentencePiece
// share.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu {

/// A part of a word. The parts are a doubly linked list within one vector.
struct Symbol {
  Token token;                ///< -1 = none
  std::uint32_t first, size;  ///< bytes of the word; size 0 = merged into the one before
  std::int32_t previous, next;
};

/// What two neighbours become, and how early: lower ranks merge first. Token -1 = they stay two.
struct Merge {
  std::uint32_t rank;
  Token token;
};

/// Keeps its memory from word to word. Words are shorter than 2^31 bytes.
class Merger {
 public:
  /// Parts of the word; those of a size lie side by side.
  const std::vector<Symbol>& symbols() const noexcept { return symbols_; }
  void clear() noexcept { symbols_.clear(); }
  void add(Token token, std::size_t first, std::size_t size) {
    const auto index = static_cast<std::int32_t>(symbols_.size());
    if (index > 0) symbols_.back().next = index;
    symbols_.push_back({token, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(size),
                        index - 1, -1});
  }

  /// Merges until no pair can be; of equal ranks the leftmost comes first. `find(left, right)`
  /// gives the Merge of two symbols. O(n log n).
  template <class Find>
  void run(Find&& find);

 private:
  // A pair as it was when it was found.
  struct Pair {
    std::uint64_t order;  // rank, then the index of the left symbol
    std::uint32_t size;   // of both, to notice that one has changed since
    Token token;
    auto operator<=>(const Pair& other) const noexcept { return order <=> other.order; }
    bool operator==(const Pair& other) const noexcept { return order == other.order; }
  };
  Symbol& at(std::int32_t index) { return symbols_[static_cast<std::size_t>(index)]; }
  template <class Find>
  void note(std::int32_t left, Find&& find, std::vector<Pair>& pairs);

  std::vector<Symbol> symbols_;
  std::vector<Pair> first_;  // pairs of the word as it came, sorted
  std::vector<Pair> later_;  // a heap of those that merging made
};

template <class Find>
void Merger::note(std::int32_t left, Find&& find, std::vector<Pair>& pairs) {
  if (left < 0 || at(left).next < 0) return;
  const Symbol& a = at(left);
  const Symbol& b = at(a.next);
  const Merge merge = find(a, b);
  if (merge.token >= 0)
    pairs.push_back({std::uint64_t{merge.rank} << 32 | static_cast<std::uint32_t>(left),
                     a.size + b.size, merge.token});
}

template <class Find>
void Merger::run(Find&& find) {
  first_.clear();
  later_.clear();
  for (std::int32_t left = 0; left + 1 < static_cast<std::int32_t>(symbols_.size()); ++left)
    note(left, find, first_);
  // Half of all pairs are there from the start; to sort them costs less than to keep a heap of
  // them.
  if (!std::ranges::is_sorted(first_)) std::ranges::sort(first_);
  const auto note_later = [&](std::int32_t left) {
    const std::size_t before = later_.size();
    note(left, find, later_);
    if (later_.size() > before) std::ranges::push_heap(later_, std::greater());
  };
  for (std::size_t next = 0; next < first_.size() || !later_.empty();) {
    Pair pair;
    if (later_.empty() || (next < first_.size() && first_[next] < later_.front())) {
      pair = first_[next++];
    } else {
      pair = later_.front();
      std::ranges::pop_heap(later_, std::greater());
      later_.pop_back();
    }
    const auto index = static_cast<std::int32_t>(pair.order & 0xFFFFFFFF);
    Symbol& left = at(index);
    if (left.size == 0 || left.next < 0) continue;
    Symbol& right = at(left.next);
    if (left.size + right.size != pair.size) continue;
    left.size = pair.size;
    left.token = pair.token;
    left.next = right.next;
    right.size = 0;
    if (left.next >= 0) at(left.next).previous = index;
    note_later(left.previous);
    note_later(index);
  }
}

}  // namespace quipu
