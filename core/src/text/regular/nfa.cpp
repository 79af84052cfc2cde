// The subset construction; a state remembers what came before while assertions wait in it.
#include "text/regular/nfa.h"

#include <algorithm>
#include <map>

#include "quipu/error.h"

namespace quipu::regular {
namespace {

constexpr std::size_t most_states = 100'000;
const Ranges surrogates{{0xD800, 0xDFFF}};

Ranges without_surrogates(const Ranges& ranges) {
  Ranges outside = complement(ranges);
  outside.insert(outside.end(), surrogates.begin(), surrogates.end());
  return complement(normalised(std::move(outside)));
}

}  // namespace

Nfa::Nfa(std::vector<Ranges> sets, Budget& budget) : sets_(std::move(sets)), budget_(budget) {
  for (Ranges& set : sets_) set = without_surrogates(set);
  sets_.push_back(complement(surrogates));  // the last: any character
}

std::uint32_t Nfa::add(State state) {
  budget_.spend(1);
  if (states_.size() >= most_states) budget_.exceeded();
  states_.push_back(state);
  return static_cast<std::uint32_t>(states_.size() - 1);
}

std::uint32_t Nfa::add_set(std::uint32_t set, std::uint32_t next) {
  return add({Kind::set, set, next, 0});
}
std::uint32_t Nfa::add_any(std::uint32_t next) {
  return add({Kind::set, static_cast<std::uint32_t>(sets_.size() - 1), next, 0});
}
std::uint32_t Nfa::add_split(std::uint32_t one, std::uint32_t other) {
  return add({Kind::split, 0, one, other});
}
std::uint32_t Nfa::add_assertion(Assertion assertion, std::uint32_t next) {
  return add({Kind::assertion, static_cast<std::uint32_t>(assertion), next, 0});
}
std::uint32_t Nfa::add_found() {
  return add({Kind::found, 0, 0, 0});
}
std::uint32_t Nfa::add_end() {
  return add({Kind::end, 0, 0, 0});
}
void Nfa::redirect(std::uint32_t split, std::uint32_t one, std::uint32_t other) {
  states_[split].next = one;
  states_[split].other = other;
}

bool Nfa::holds(Assertion assertion, const Place& place) const noexcept {
  switch (assertion) {
  case Assertion::start:
    return place.at_start;
  case Assertion::end:
    return place.at_end;
  case Assertion::word_boundary:
    return place.before_word != place.after_word;
  case Assertion::no_word_boundary:
    return place.before_word == place.after_word;
  }
  return false;
}

// Follows splits and assertions. While the next character is unknown, assertions about it stay.
void Nfa::close(std::vector<std::uint32_t>& states, const Place& place) {
  seen_.resize(states_.size(), 0);
  ++round_;
  std::vector<std::uint32_t> stack(std::move(states));
  states.clear();
  while (!stack.empty()) {
    const std::uint32_t id = stack.back();
    stack.pop_back();
    if (seen_[id] == round_) continue;
    seen_[id] = round_;
    budget_.spend(1);
    const State& state = states_[id];
    if (state.kind == Kind::split) {
      stack.push_back(state.next);
      stack.push_back(state.other);
    } else if (state.kind == Kind::assertion) {
      const auto assertion = static_cast<Assertion>(state.index);
      if (assertion != Assertion::start && !place.is_next_known)
        states.push_back(id);
      else if (holds(assertion, place))
        stack.push_back(state.next);
    } else {
      states.push_back(id);
    }
  }
  std::ranges::sort(states);
}

Automaton Nfa::determinised(std::uint32_t start, const Ranges& word) {
  std::vector<Ranges> sets = sets_;
  sets.push_back(word);
  Automaton out;
  out.alphabet = Alphabet::of(sets, budget_);
  const std::uint32_t classes = out.alphabet.count;
  budget_.spend(classes * sets.size() / 64 + 1);
  std::vector<std::vector<bool>> has(sets.size(), std::vector<bool>(classes, false));
  for (std::size_t s = 0; s < sets.size(); ++s)
    for (const Range& range : sets[s]) {
      const auto first =
          std::upper_bound(out.alphabet.starts.begin(), out.alphabet.starts.end(), range.first) -
          out.alphabet.starts.begin() - 1;
      for (auto i = static_cast<std::size_t>(first);
           i < out.alphabet.starts.size() && out.alphabet.starts[i] <= range.last; ++i) {
        budget_.spend(1);
        has[s][out.alphabet.classes[i]] = true;
      }
    }
  const auto& is_word = has.back();
  const auto& any = has[sets_.size() - 1];

  // A state is a set of states and, while assertions wait in it, what came before.
  struct Known {
    bool at_start = false, after_word = false;
    auto operator<=>(const Known&) const = default;
  };
  using Key = std::pair<std::vector<std::uint32_t>, Known>;
  std::map<Key, std::int32_t> ids;
  std::vector<const Key*> keys;
  const auto accepts = [&](const std::vector<std::uint32_t>& closed) {
    return std::ranges::any_of(closed, [&](std::uint32_t id) {
      return states_[id].kind == Kind::found || states_[id].kind == Kind::end;
    });
  };
  const auto id_of = [&](std::vector<std::uint32_t> states, Known known) {
    close(states, {known.at_start, known.after_word, false, false, false});
    for (const std::uint32_t id : states)
      if (states_[id].kind == Kind::found) {
        states = {id};  // whatever follows
        break;
      }
    // Assertions that wait can lead to any other one.
    const bool waits = std::ranges::any_of(
        states, [&](std::uint32_t id) { return states_[id].kind == Kind::assertion; });
    if (!waits) known = {};
    const auto [place, fresh] =
        ids.try_emplace({std::move(states), known}, static_cast<std::int32_t>(out.labels.size()));
    if (fresh) {
      if (keys.size() >= Budget::states) budget_.exceeded();
      budget_.spend(classes + place->first.first.size());
      keys.push_back(&place->first);
      std::vector<std::uint32_t> at_end = place->first.first;
      close(at_end, {known.at_start, known.after_word, true, true, false});
      out.labels.push_back(accepts(at_end) ? 0 : -1);
    }
    return place->second;
  };

  id_of({start}, {true, false});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& [kernel, known] = *keys[i];
    const bool waits = std::ranges::any_of(
        kernel, [&](std::uint32_t id) { return states_[id].kind == Kind::assertion; });
    for (std::uint32_t c = 0; c < classes; ++c) {
      std::vector<std::uint32_t> from = kernel;
      if (waits) close(from, {known.at_start, known.after_word, true, false, is_word[c]});
      std::vector<std::uint32_t> to;
      budget_.spend(from.size() / 4 + 1);
      for (const std::uint32_t id : from) {
        const State& state = states_[id];
        if (state.kind == Kind::set && has[state.index][c]) to.push_back(state.next);
        if (state.kind == Kind::found && any[c]) to.push_back(id);
      }
      out.next.push_back(to.empty() ? -1 : id_of(std::move(to), {false, is_word[c]}));
    }
  }
  return trimmed(std::move(out));
}

}  // namespace quipu::regular
