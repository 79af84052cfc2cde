// Automata that need no pattern: nothing, everything, lengths, lists of texts.
#include <algorithm>

#include "text/regular/automaton.h"

namespace quipu::regular {
namespace {

// Class 0: what texts consist of; class 1: surrogates, which stand in none.
Alphabet code_point_alphabet() {
  return {{0, 0xD800, 0xE000}, {0, 1, 0}, 2};
}

}  // namespace

Automaton nothing() {
  Automaton out;
  out.next = {-1};
  out.labels = {-1};
  return out;
}

Automaton everything() {
  return {code_point_alphabet(), {0, -1}, {0}};
}

Automaton of_length(std::size_t least, std::optional<std::size_t> most, Budget& budget) {
  if (most && *most < least) return nothing();
  const std::size_t states = most.value_or(least) + 1;
  if (states < least || states > Budget::states) budget.exceeded();
  budget.spend(states);
  Automaton out;
  out.alphabet = code_point_alphabet();
  for (std::size_t i = 0; i < states; ++i) {
    out.labels.push_back(i >= least ? 0 : -1);
    const std::size_t next = i + 1 < states ? i + 1 : i;
    out.next.push_back(i + 1 == states && most ? -1 : static_cast<std::int32_t>(next));
    out.next.push_back(-1);
  }
  return out;
}

Automaton one_of(std::span<const std::u32string> texts, Budget& budget) {
  std::vector<Ranges> sets;
  for (const auto& text : texts)
    for (const char32_t point : text) sets.push_back({{point, point}});
  std::ranges::sort(sets, {}, [](const Ranges& set) { return set[0].first; });
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  Automaton out;
  out.alphabet = Alphabet::of(sets, budget);
  const auto add = [&] {
    budget.spend(out.alphabet.count);
    out.next.insert(out.next.end(), out.alphabet.count, -1);
    out.labels.push_back(-1);
    return static_cast<std::int32_t>(out.labels.size() - 1);
  };
  add();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::int32_t state = 0;
    for (const char32_t point : texts[i]) {
      const std::size_t cell =
          static_cast<std::size_t>(state) * out.alphabet.count + out.alphabet.class_of(point);
      if (out.next[cell] < 0) {
        const std::int32_t fresh = add();
        out.next[cell] = fresh;
      }
      state = out.next[cell];
    }
    auto& label = out.labels[static_cast<std::size_t>(state)];
    if (label < 0) label = static_cast<std::int32_t>(i);
  }
  return out;
}

}  // namespace quipu::regular
