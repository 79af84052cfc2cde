// What an automaton says of a text, and of how long its texts are.
#include "text/regular/automaton.h"

#include <algorithm>
#include <utility>

namespace quipu::regular {

std::int32_t Automaton::label(std::u32string_view text) const noexcept {
  std::int32_t state = 0;
  for (const char32_t point : text)
    if ((state = after(state, point)) < 0) return -1;
  return labels[static_cast<std::size_t>(state)];
}

bool Automaton::empty() const noexcept {
  return std::ranges::all_of(labels, [](std::int32_t label) { return label < 0; });
}

Lengths lengths(const Automaton& a) {
  const std::size_t n = a.states(), k = a.alphabet.count;
  Lengths out;
  // Level by level: the first level with an accepting state is the least length.
  std::vector<bool> seen(n, false);
  std::vector<std::int32_t> level{0}, following;
  seen[0] = true;
  for (bool found = false; !found && !level.empty();) {
    following.clear();
    for (const std::int32_t state : level) {
      if (a.labels[static_cast<std::size_t>(state)] >= 0) found = true;
      for (std::size_t c = 0; c < k; ++c) {
        const std::int32_t next = a.next[static_cast<std::size_t>(state) * k + c];
        if (next < 0 || seen[static_cast<std::size_t>(next)]) continue;
        seen[static_cast<std::size_t>(next)] = true;
        following.push_back(next);
      }
    }
    if (!found) ++out.least;
    level.swap(following);
  }
  // In topological order, if there is one, the longest way to each state.
  std::vector<std::uint32_t> entries(n, 0);
  std::vector<std::size_t> longest(n, 0);
  for (const std::int32_t next : a.next)
    if (next >= 0) ++entries[static_cast<std::size_t>(next)];
  std::vector<std::size_t> ready;
  if (entries[0] == 0) ready.push_back(0);
  std::size_t done = 0, most = 0;
  while (!ready.empty()) {
    const std::size_t state = ready.back();
    ready.pop_back();
    ++done;
    if (a.labels[state] >= 0) most = std::max(most, longest[state]);
    for (std::size_t c = 0; c < k; ++c) {
      const std::int32_t next = a.next[state * k + c];
      if (next < 0) continue;
      const auto t = static_cast<std::size_t>(next);
      longest[t] = std::max(longest[t], longest[state] + 1);
      if (--entries[t] == 0) ready.push_back(t);
    }
  }
  if (done == n) out.most = most;
  return out;
}

}  // namespace quipu::regular
