// Automata that run side by side, and what that makes of sets: intersection, difference, union,
// complement.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "text/regular/automaton.h"
#include "text/regular/tuple_hash.h"

namespace quipu::regular {
namespace {

// The classes of several alphabets at once: per new class, the class in each of the parts.
struct Merged {
  Alphabet alphabet;
  std::vector<std::uint32_t> parts;  // [classes, parts]
};

Merged merged(std::span<const Automaton* const> parts, Budget& budget) {
  Merged out;
  std::vector<char32_t> starts;
  for (const Automaton* part : parts)
    starts.insert(starts.end(), part->alphabet.starts.begin(), part->alphabet.starts.end());
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  budget.spend(starts.size() * parts.size());

  std::map<std::vector<std::uint32_t>, std::uint32_t> ids;
  std::vector<std::size_t> at(parts.size(), 0);
  std::vector<std::uint32_t> key(parts.size());
  out.alphabet = {{}, {}, 0};
  for (const char32_t start : starts) {
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const Alphabet& alphabet = parts[p]->alphabet;
      while (at[p] + 1 < alphabet.starts.size() && alphabet.starts[at[p] + 1] <= start) ++at[p];
      key[p] = alphabet.classes[at[p]];
    }
    const auto [place, fresh] = ids.try_emplace(key, out.alphabet.count);
    if (fresh) {
      out.parts.insert(out.parts.end(), key.begin(), key.end());
      ++out.alphabet.count;
    }
    if (out.alphabet.classes.empty() || out.alphabet.classes.back() != place->second) {
      out.alphabet.starts.push_back(start);
      out.alphabet.classes.push_back(place->second);
    }
  }
  return out;
}

}  // namespace

Automaton product(std::span<const Automaton* const> parts,
                  const std::function<std::int32_t(std::span<const std::int32_t>)>& label,
                  Budget& budget) {
  const auto [alphabet, classes] = merged(parts, budget);
  const std::size_t n = parts.size();
  Automaton out;
  out.alphabet = alphabet;
  std::unordered_map<std::vector<std::int32_t>, std::int32_t, TupleHash> ids;
  std::vector<const std::vector<std::int32_t>*> tuples;
  std::vector<std::int32_t> said(n);
  const auto id_of = [&](const std::vector<std::int32_t>& tuple) {
    const auto [place, fresh] =
        ids.try_emplace(tuple, static_cast<std::int32_t>(out.labels.size()));
    if (fresh) {
      budget.spend(alphabet.count + n);
      if (tuples.size() >= Budget::states * 4) budget.exceeded();
      tuples.push_back(&place->first);
      for (std::size_t p = 0; p < n; ++p)
        said[p] = tuple[p] < 0 ? -1 : parts[p]->labels[static_cast<std::size_t>(tuple[p])];
      out.labels.push_back(label(said));
    }
    return place->second;
  };
  id_of(std::vector<std::int32_t>(n, 0));
  std::vector<std::int32_t> tuple(n);
  for (std::size_t state = 0; state < tuples.size(); ++state) {
    const std::vector<std::int32_t>& from = *tuples[state];
    for (std::uint32_t c = 0; c < alphabet.count; ++c) {
      for (std::size_t p = 0; p < n; ++p)
        tuple[p] =
            from[p] < 0
                ? -1
                : parts[p]->next[static_cast<std::size_t>(from[p]) * parts[p]->alphabet.count +
                                 classes[c * n + p]];
      out.next.push_back(id_of(tuple));
    }
  }
  return trimmed(std::move(out));
}

namespace {

Automaton combined(const Automaton& a, const Automaton& b, bool (*accepts)(bool, bool),
                   Budget& budget) {
  const Automaton* parts[] = {&a, &b};
  return minimised(product(
                       parts,
                       [&](std::span<const std::int32_t> said) {
                         return accepts(said[0] >= 0, said[1] >= 0) ? 0 : -1;
                       },
                       budget),
                   budget);
}

}  // namespace

Automaton intersection(const Automaton& a, const Automaton& b, Budget& budget) {
  return combined(
      a, b, [](bool x, bool y) { return x && y; }, budget);
}

Automaton difference(const Automaton& a, const Automaton& b, Budget& budget) {
  return combined(
      a, b, [](bool x, bool y) { return x && !y; }, budget);
}

Automaton either(const Automaton& a, const Automaton& b, Budget& budget) {
  return combined(
      a, b, [](bool x, bool y) { return x || y; }, budget);
}

Automaton complement(const Automaton& a, Budget& budget) {
  return difference(everything(), a, budget);
}

}  // namespace quipu::regular
