// Skips are closed over; then sets of states become states (the subset construction), unless there
// would be too many.
#include "text/grammar/nfa.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "quipu/error.h"

namespace quipu::grammar {

std::uint32_t Nfa::add_state() {
  states.emplace_back();
  return static_cast<std::uint32_t>(states.size()) - 1;
}

void Nfa::add_edge(std::uint32_t from, std::uint8_t first, std::uint8_t last, std::uint32_t to) {
  edges.push_back({first, last, to, states[from].edges});
  states[from].edges = static_cast<std::uint32_t>(edges.size()) - 1;
}

void Nfa::add_call(std::uint32_t from, PartId part, std::uint32_t to) {
  calls.push_back({part, to, states[from].calls});
  states[from].calls = static_cast<std::uint32_t>(calls.size()) - 1;
}

void Nfa::add_skip(std::uint32_t from, std::uint32_t to) {
  skips.push_back({to, states[from].skips});
  states[from].skips = static_cast<std::uint32_t>(skips.size()) - 1;
}

namespace {

using Set = std::vector<std::uint32_t>;  // sorted

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;  // the golden ratio: spreads low bits upwards
  return hash ^ (hash >> 32);
}

struct SetHash {
  std::size_t operator()(const Set& set) const noexcept {
    std::uint64_t hash = set.size();
    for (const std::uint32_t state : set) hash = mix(hash, state);
    return hash;
  }
};

class Flattener {
 public:
  Flattener(const Nfa& nfa, std::uint32_t accept, std::size_t& work)
      : nfa_(nfa), accept_(accept), work_(work), seen_(nfa.states.size()) {}

  std::optional<Flat> deterministic(std::uint32_t start);
  Flat as_it_is(std::uint32_t start);

 private:
  void spend(std::size_t steps) {
    if (work_ < steps)
      throw Error(ErrorCode::invalid,
                  "grammar: expected one that the budget is enough for, found one with too many "
                  "ways to leave parts out or repeat them");
    work_ -= steps;
  }
  Set closure(const Set& from);
  std::uint32_t state_of(Set set);
  void leave(const Set& set, Flat::State& state);
  void read_bytes(const Set& set, Flat::State& state);

  const Nfa& nfa_;
  const std::uint32_t accept_;
  std::size_t& work_;
  std::vector<std::uint32_t> seen_;  // the round in which it was
  std::uint32_t round_ = 0;
  std::unordered_map<Set, std::uint32_t, SetHash> states_;
  std::vector<const Set*> sets_;
};

// The states that matter: those with edges or calls, and the accepting one.
Set Flattener::closure(const Set& from) {
  ++round_;
  Set open(from), closed;
  for (const std::uint32_t state : open) seen_[state] = round_;
  std::size_t steps = 1;
  while (!open.empty()) {
    const std::uint32_t id = open.back();
    open.pop_back();
    ++steps;
    const auto& state = nfa_.states[id];
    if (id == accept_ || state.edges != none || state.calls != none) closed.push_back(id);
    for (std::uint32_t i = state.skips; i != none; i = nfa_.skips[i].next) {
      const std::uint32_t target = nfa_.skips[i].target;
      ++steps;
      if (seen_[target] == round_) continue;
      seen_[target] = round_;
      open.push_back(target);
    }
  }
  spend(steps);
  std::ranges::sort(closed);
  return closed;
}

std::uint32_t Flattener::state_of(Set set) {
  const auto [at, fresh] =
      states_.try_emplace(std::move(set), static_cast<std::uint32_t>(sets_.size()));
  if (fresh) sets_.push_back(&at->first);
  return at->second;
}

void Flattener::read_bytes(const Set& set, Flat::State& state) {
  std::array<bool, 257> starts{};  // where a stretch of bytes begins that no edge cuts
  std::vector<std::pair<std::uint32_t, const Nfa::Edge*>> all;
  for (const std::uint32_t id : set)
    for (std::uint32_t i = nfa_.states[id].edges; i != none; i = nfa_.edges[i].next) {
      const auto& edge = nfa_.edges[i];
      starts[edge.first] = starts[edge.last + std::size_t{1}] = true;
      all.emplace_back(edge.first, &edge);
    }
  std::array<std::uint16_t, 257> stretch{};
  std::uint16_t stretches = 0;
  for (std::size_t byte = 0; byte < 257; ++byte) {
    if (byte > 0 && starts[byte]) ++stretches;
    stretch[byte] = stretches;
  }
  std::vector<Set> targets(stretches + std::size_t{1});
  for (const auto& [first, edge] : all)
    for (std::size_t s = stretch[edge->first]; s <= stretch[edge->last]; ++s)
      targets[s].push_back(edge->target);
  for (std::size_t byte = 0; byte < 256;) {
    Set& to = targets[stretch[byte]];
    std::size_t end = byte + 1;
    while (end < 256 && stretch[end] == stretch[byte]) ++end;
    if (!to.empty()) {
      spend(to.size());
      std::ranges::sort(to);
      to.erase(std::ranges::unique(to).begin(), to.end());
      const std::uint32_t target = state_of(closure(to));
      if (!state.edges.empty() && state.edges.back().target == target &&
          state.edges.back().last + std::size_t{1} == byte)
        state.edges.back().last = static_cast<std::uint8_t>(end - 1);
      else
        state.edges.push_back(
            {static_cast<std::uint8_t>(byte), static_cast<std::uint8_t>(end - 1), target});
    }
    byte = end;
  }
}

void Flattener::leave(const Set& set, Flat::State& state) {
  read_bytes(set, state);
  std::map<PartId, Set> calls;
  for (const std::uint32_t id : set)
    for (std::uint32_t i = nfa_.states[id].calls; i != none; i = nfa_.calls[i].next)
      calls[nfa_.calls[i].part].push_back(nfa_.calls[i].target);
  for (auto& [part, to] : calls) {
    spend(to.size());
    std::ranges::sort(to);
    to.erase(std::ranges::unique(to).begin(), to.end());
    state.calls.push_back({part, state_of(closure(to))});
  }
}

std::optional<Flat> Flattener::deterministic(std::uint32_t start) {
  // Most parts shrink; twice as many states are worth one way for each byte.
  const std::size_t most = 2 * nfa_.states.size() + 64;
  const std::size_t most_work = 16 * (nfa_.states.size() + nfa_.edges.size()) + 65536;
  const std::size_t before = work_;
  Flat flat;
  // The first state has its own place: were it one of the sets, it could accept.
  const Set first = closure({start});
  sets_.push_back(&first);
  for (std::size_t i = 0; i < sets_.size(); ++i) {
    if (sets_.size() > most || before - work_ > most_work) return std::nullopt;
    const Set& set = *sets_[i];
    flat.states.emplace_back();
    flat.states.back().accepting = i > 0 && std::ranges::binary_search(set, accept_);
    leave(set, flat.states.back());
  }
  return flat;
}

Flat Flattener::as_it_is(std::uint32_t start) {
  Flat flat;
  std::map<std::uint32_t, std::uint32_t> ids;
  std::vector<std::uint32_t> order{start};
  const auto id_of = [&](std::uint32_t state) {
    const auto [at, fresh] = ids.try_emplace(state, static_cast<std::uint32_t>(order.size()));
    if (fresh) order.push_back(state);
    return at->second;
  };
  for (std::size_t i = 0; i < order.size(); ++i) {
    Flat::State state;
    for (const std::uint32_t id : closure({order[i]})) {
      if (id == accept_ && i > 0) state.accepting = true;
      for (std::uint32_t e = nfa_.states[id].edges; e != none; e = nfa_.edges[e].next)
        state.edges.push_back(
            {nfa_.edges[e].first, nfa_.edges[e].last, id_of(nfa_.edges[e].target)});
      for (std::uint32_t c = nfa_.states[id].calls; c != none; c = nfa_.calls[c].next)
        state.calls.push_back({nfa_.calls[c].part, id_of(nfa_.calls[c].target)});
    }
    spend(state.edges.size() + state.calls.size());
    flat.states.push_back(std::move(state));
  }
  return flat;
}

// States that do the same become one, from the last to the first: what differs only in where it
// came from would make stacks of frames differ that are alike. Circles are left as they are.
class Merger {
 public:
  explicit Merger(Flat& flat) : flat_(flat), become_(flat.states.size(), none) {}

  void merge() {
    // The first state stays apart: nothing may lead to it.
    visit(0);
    for (auto& state : flat_.states) redirect(state);
    drop_unused();
  }

 private:
  struct Hash {
    std::size_t operator()(const Flat::State* state) const noexcept {
      std::uint64_t hash = state->accepting ? 1 : 0;
      for (const auto& edge : state->edges)
        hash = mix(mix(hash, edge.first * 256u + edge.last), edge.target);
      for (const auto& call : state->calls) hash = mix(mix(hash, call.part), call.target);
      return hash;
    }
  };
  struct Same {
    bool operator()(const Flat::State* a, const Flat::State* b) const noexcept {
      return a->accepting == b->accepting &&
             std::ranges::equal(a->edges, b->edges,
                                [](const auto& x, const auto& y) {
                                  return x.first == y.first && x.last == y.last &&
                                         x.target == y.target;
                                }) &&
             std::ranges::equal(a->calls, b->calls, [](const auto& x, const auto& y) {
               return x.part == y.part && x.target == y.target;
             });
    }
  };

  std::uint32_t target(const Flat::State& state, std::size_t i) const {
    return i < state.edges.size() ? state.edges[i].target
                                  : state.calls[i - state.edges.size()].target;
  }
  void redirect(Flat::State& state) const {
    for (auto& edge : state.edges)
      if (become_[edge.target] != none) edge.target = become_[edge.target];
    for (auto& call : state.calls)
      if (become_[call.target] != none) call.target = become_[call.target];
  }
  void visit(std::uint32_t first);
  void drop_unused();

  Flat& flat_;
  std::vector<std::uint32_t> become_;
};

// Depth first, a state behind all that it leads to.
void Merger::visit(std::uint32_t first) {
  std::unordered_map<const Flat::State*, std::uint32_t, Hash, Same> known;
  std::vector<bool> seen(flat_.states.size());
  std::vector<std::pair<std::uint32_t, std::size_t>> way{{first, 0}};
  seen[first] = true;
  while (!way.empty()) {
    auto& [id, next] = way.back();
    Flat::State& state = flat_.states[id];
    if (next < state.edges.size() + state.calls.size()) {
      const std::uint32_t to = target(state, next++);
      if (!seen[to]) {
        seen[to] = true;
        way.emplace_back(to, 0);
      }
      continue;
    }
    redirect(state);
    if (id != first) become_[id] = known.try_emplace(&state, id).first->second;
    way.pop_back();
  }
}

void Merger::drop_unused() {
  std::vector<std::uint32_t> place(flat_.states.size(), none);
  std::uint32_t kept = 0;
  for (std::uint32_t id = 0; id < flat_.states.size(); ++id) {
    if (id != 0 && become_[id] != id) continue;
    place[id] = kept;
    if (kept != id) flat_.states[kept] = std::move(flat_.states[id]);
    ++kept;
  }
  flat_.states.resize(kept);
  for (auto& state : flat_.states) {
    for (auto& edge : state.edges) edge.target = place[edge.target];
    for (auto& call : state.calls) call.target = place[call.target];
  }
}

}  // namespace

Flat flatten(const Nfa& nfa, std::uint32_t start, std::uint32_t accept, std::size_t& work) {
  auto flat = Flattener(nfa, accept, work).deterministic(start);
  if (!flat) flat = Flattener(nfa, accept, work).as_it_is(start);
  Merger(*flat).merge();
  return *std::move(flat);
}

}  // namespace quipu::grammar
