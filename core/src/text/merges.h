// Greedy merging of neighbours, best pair first: the loop that byte-pair encoding and SentencePiece
// share.
#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <vector>

namespace quipu {

/// A part of a word: a doubly linked list within one vector.
struct Symbol {
  std::int32_t token;         ///< -1 = none
  std::uint32_t first, size;  ///< bytes of the word
  std::int32_t previous, next;
};

/// Merges symbols until no pair can be. `find(left, right)` gives a candidate {rank, token}, token
/// -1 for none; lower ranks merge first, equal ones from the left. O(n log n).
template <class Find>
void merge_symbols(std::vector<Symbol>& symbols, Find&& find) {
  struct Pair {
    double rank;
    std::int32_t left, right;
    std::uint32_t size;  // of both, to notice that one has changed since
    std::int32_t token;
    bool operator<(const Pair& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  std::priority_queue<Pair> queue;
  const auto consider = [&](std::int32_t left, std::int32_t right) {
    if (left < 0 || right < 0) return;
    const Symbol& a = symbols[static_cast<std::size_t>(left)];
    const Symbol& b = symbols[static_cast<std::size_t>(right)];
    const auto [rank, token] = find(a, b);
    if (token >= 0) queue.push({rank, left, right, a.size + b.size, token});
  };
  for (std::size_t i = 1; i < symbols.size(); ++i)
    consider(static_cast<std::int32_t>(i) - 1, static_cast<std::int32_t>(i));
  while (!queue.empty()) {
    const Pair pair = queue.top();
    queue.pop();
    Symbol& left = symbols[static_cast<std::size_t>(pair.left)];
    Symbol& right = symbols[static_cast<std::size_t>(pair.right)];
    if (left.size == 0 || right.size == 0 || left.size + right.size != pair.size ||
        left.next != pair.right)
      continue;
    left.size = pair.size;
    left.token = pair.token;
    left.next = right.next;
    right.size = 0;
    if (left.next >= 0) symbols[static_cast<std::size_t>(left.next)].previous = pair.left;
    consider(left.previous, pair.left);
    consider(pair.left, left.next);
  }
}

}  // namespace quipu
