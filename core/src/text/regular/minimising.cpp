// Fewer states for the same language: those that lead nowhere go, those that are alike become one.
#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "text/regular/automaton.h"
#include "text/regular/tuple_hash.h"

namespace quipu::regular {

Automaton trimmed(Automaton a) {
  const std::size_t n = a.states(), k = a.alphabet.count;
  // Backwards from what accepts.
  std::vector<std::uint32_t> begin(n + 1, 0), sources;
  for (const std::int32_t target : a.next)
    if (target >= 0) ++begin[static_cast<std::size_t>(target)];
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i <= n; ++i) sum += std::exchange(begin[i], sum);
  sources.resize(sum);
  std::vector<std::uint32_t> fill(begin.begin(), begin.end());
  for (std::size_t cell = 0; cell < a.next.size(); ++cell)
    if (a.next[cell] >= 0)
      sources[fill[static_cast<std::size_t>(a.next[cell])]++] =
          static_cast<std::uint32_t>(cell / k);
  std::vector<bool> useful(n, false);
  std::vector<std::uint32_t> stack;
  const auto push = [&](std::uint32_t state) {
    if (useful[state]) return;
    useful[state] = true;
    stack.push_back(state);
  };
  for (std::size_t i = 0; i < n; ++i)
    if (a.labels[i] >= 0) push(static_cast<std::uint32_t>(i));
  while (!stack.empty()) {
    const std::uint32_t state = stack.back();
    stack.pop_back();
    for (std::uint32_t i = begin[state]; i < begin[state + 1]; ++i) push(sources[i]);
  }
  // Forwards from state 0 through these.
  std::vector<std::int32_t> ids(n, -1);
  std::vector<std::uint32_t> order{0};
  ids[0] = 0;
  Automaton out;
  for (std::size_t i = 0; i < order.size(); ++i) {
    out.labels.push_back(a.labels[order[i]]);
    for (std::size_t c = 0; c < k; ++c) {
      const std::int32_t target = a.next[order[i] * k + c];
      if (target < 0 || !useful[static_cast<std::size_t>(target)]) {
        out.next.push_back(-1);
        continue;
      }
      std::int32_t& id = ids[static_cast<std::size_t>(target)];
      if (id < 0) {
        id = static_cast<std::int32_t>(order.size());
        order.push_back(static_cast<std::uint32_t>(target));
      }
      out.next.push_back(id);
    }
  }
  out.alphabet = std::move(a.alphabet);
  return out;
}

namespace {

// What is missing counts as one more state, which leads to itself.
std::size_t target(const Automaton& a, std::size_t state, std::size_t c) {
  if (state == a.states()) return state;
  const std::int32_t next = a.next[state * a.alphabet.count + c];
  return next < 0 ? a.states() : static_cast<std::size_t>(next);
}
std::int32_t label_of(const Automaton& a, std::size_t state) {
  return state == a.states() ? -1 : a.labels[state];
}

// States in blocks of those that no text tells apart: stretches of `members`.
struct Blocks {
  std::vector<std::uint32_t> members;
  std::vector<std::uint32_t> first;  // of each block, in `members`
  std::vector<std::uint32_t> of;     // each state
};

// Hopcroft's refinement: blocks split by which members lead into a splitter.
Blocks blocks_of(const Automaton& a, Budget& budget) {
  const std::size_t k = a.alphabet.count, n = a.states() + 1;
  budget.spend(2 * n * k);
  // Sources of each state by class: sources[begin[c * n + t] … begin[c * n + t + 1]).
  std::vector<std::uint32_t> begin(n * k + 1, 0), sources(n * k);
  for (std::size_t s = 0; s < n; ++s)
    for (std::size_t c = 0; c < k; ++c) ++begin[c * n + target(a, s, c)];
  std::uint32_t sum = 0;
  for (auto& each : begin) sum += std::exchange(each, sum);
  std::vector<std::uint32_t> fill(begin.begin(), begin.end());
  for (std::size_t s = 0; s < n; ++s)
    for (std::size_t c = 0; c < k; ++c)
      sources[fill[c * n + target(a, s, c)]++] = static_cast<std::uint32_t>(s);

  // The marked members of a block stand at its start.
  Blocks out;
  auto& [members, first, of] = out;
  members.resize(n);
  of.resize(n);
  std::vector<std::uint32_t> place(n), size, marked;
  std::iota(members.begin(), members.end(), 0u);
  const auto label = [&](std::uint32_t s) { return label_of(a, s); };
  std::ranges::stable_sort(members, {}, label);
  for (std::size_t i = 0; i < n; ++i) {
    if (i == 0 || label(members[i]) != label(members[i - 1])) {
      first.push_back(static_cast<std::uint32_t>(i));
      size.push_back(0);
      marked.push_back(0);
    }
    ++size.back();
    place[members[i]] = static_cast<std::uint32_t>(i);
    of[members[i]] = static_cast<std::uint32_t>(first.size() - 1);
  }
  std::vector<std::uint32_t> waiting(first.size()), touched, splitters;
  std::iota(waiting.begin(), waiting.end(), 0u);
  while (!waiting.empty()) {
    const std::uint32_t splitter = waiting.back();
    waiting.pop_back();
    splitters.assign(members.begin() + first[splitter],
                     members.begin() + first[splitter] + size[splitter]);
    for (std::size_t c = 0; c < k; ++c) {
      touched.clear();
      for (const std::uint32_t t : splitters)
        for (std::uint32_t i = begin[c * n + t]; i < begin[c * n + t + 1]; ++i) {
          const std::uint32_t s = sources[i], b = of[s];
          const std::uint32_t front = first[b] + marked[b];
          if (place[s] < front) continue;
          if (marked[b] == 0) touched.push_back(b);
          const std::uint32_t other = members[front];
          std::swap(members[front], members[place[s]]);
          std::swap(place[s], place[other]);
          ++marked[b];
        }
      for (const std::uint32_t b : touched) {
        const std::uint32_t m = std::exchange(marked[b], 0);
        if (m == size[b]) continue;
        // The smaller part becomes a block of its own and waits; the other one does if it did.
        const auto fresh = static_cast<std::uint32_t>(first.size());
        const bool front = m * 2 <= size[b];
        first.push_back(front ? first[b] : first[b] + m);
        size.push_back(front ? m : size[b] - m);
        marked.push_back(0);
        if (front) first[b] += m;
        size[b] -= size[fresh];
        for (std::uint32_t i = 0; i < size[fresh]; ++i) of[members[first[fresh] + i]] = fresh;
        waiting.push_back(fresh);
      }
    }
  }
  return out;
}

// One state for each block.
Automaton joined(const Automaton& a, const Blocks& blocks) {
  Automaton out;
  const std::uint32_t sink = blocks.of[a.states()];
  // The block of state 0 comes first.
  std::vector<std::int32_t> ids(blocks.first.size(), -1);
  std::vector<std::uint32_t> order{blocks.of[0]};
  ids[blocks.of[0]] = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t s = blocks.members[blocks.first[order[i]]];
    out.labels.push_back(label_of(a, s));
    for (std::size_t c = 0; c < a.alphabet.count; ++c) {
      const std::uint32_t b = blocks.of[target(a, s, c)];
      if (b == sink) {
        out.next.push_back(-1);
        continue;
      }
      if (ids[b] < 0) {
        ids[b] = static_cast<std::int32_t>(order.size());
        order.push_back(b);
      }
      out.next.push_back(ids[b]);
    }
  }
  out.alphabet = a.alphabet;
  return out;
}

// Classes that no state tells apart any more become one.
Automaton with_fewest_classes(Automaton a) {
  const std::size_t k = a.alphabet.count;
  std::unordered_map<std::vector<std::int32_t>, std::uint32_t, TupleHash> columns;
  std::vector<std::uint32_t> column_of(k), kept;
  std::vector<std::int32_t> column(a.states());
  for (std::size_t c = 0; c < k; ++c) {
    for (std::size_t s = 0; s < a.states(); ++s) column[s] = a.next[s * k + c];
    const auto [at, fresh] = columns.try_emplace(column, static_cast<std::uint32_t>(kept.size()));
    if (fresh) kept.push_back(static_cast<std::uint32_t>(c));
    column_of[c] = at->second;
  }
  std::vector<std::int32_t> next;
  for (std::size_t s = 0; s < a.states(); ++s)
    for (const std::uint32_t c : kept) next.push_back(a.next[s * k + c]);
  a.next = std::move(next);
  const Alphabet alphabet =
      std::exchange(a.alphabet, {{}, {}, static_cast<std::uint32_t>(kept.size())});
  for (std::size_t i = 0; i < alphabet.starts.size(); ++i) {
    const std::uint32_t c = column_of[alphabet.classes[i]];
    if (!a.alphabet.classes.empty() && a.alphabet.classes.back() == c) continue;
    a.alphabet.starts.push_back(alphabet.starts[i]);
    a.alphabet.classes.push_back(c);
  }
  return a;
}

}  // namespace

Automaton minimised(Automaton a, Budget& budget) {
  a = trimmed(std::move(a));
  return with_fewest_classes(joined(a, blocks_of(a, budget)));
}

}  // namespace quipu::regular
