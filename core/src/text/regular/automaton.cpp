#include "text/regular/automaton.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "quipu/error.h"

namespace quipu::regular {
namespace {

struct TupleHash {
  std::size_t operator()(const std::vector<std::int32_t>& tuple) const noexcept {
    std::size_t hash = tuple.size();
    for (const std::int32_t each : tuple)
      hash = (hash ^ static_cast<std::uint32_t>(each)) * 0x9E3779B97F4A7C15u + (hash >> 29);
    return hash;
  }
};

// Class 0: what texts consist of; class 1: surrogates, which stand in none.
Alphabet code_point_alphabet() {
  return {{0, 0xD800, 0xE000}, {0, 1, 0}, 2};
}

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

Ranges normalised(Ranges ranges) {
  std::ranges::sort(ranges, {}, &Range::first);
  Ranges out;
  for (const Range& each : ranges) {
    if (!out.empty() && each.first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, each.last);
    else
      out.push_back(each);
  }
  return out;
}

Ranges complement(const Ranges& ranges) {
  Ranges out;
  char32_t next = 0;
  for (const Range& each : ranges) {
    if (each.first > next) out.push_back({next, each.first - 1});
    next = each.last + 1;
  }
  if (next <= last_code_point) out.push_back({next, last_code_point});
  return out;
}

void Budget::spend(std::size_t cells) {
  if (cells > left_)
    throw Error(ErrorCode::invalid, where_ +
                                        ": too much: patterns, names and bounds that need more "
                                        "states than there is room for");
  left_ -= cells;
}

std::uint32_t Alphabet::class_of(char32_t point) const noexcept {
  const auto above = std::upper_bound(starts.begin(), starts.end(), point);
  return classes[static_cast<std::size_t>(above - starts.begin()) - 1];
}

Alphabet Alphabet::of(std::span<const Ranges> sets, Budget& budget) {
  std::vector<char32_t> starts{0};
  for (const Ranges& set : sets)
    for (const Range& each : set) {
      starts.push_back(each.first);
      if (each.last < last_code_point) starts.push_back(each.last + 1);
    }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());

  std::vector<std::vector<std::int32_t>> members(starts.size());  // sets that have the stretch
  for (std::size_t s = 0; s < sets.size(); ++s)
    for (const Range& each : sets[s]) {
      const auto first = std::ranges::lower_bound(starts, each.first) - starts.begin();
      for (auto i = static_cast<std::size_t>(first); i < starts.size() && starts[i] <= each.last;
           ++i) {
        budget.spend(1);
        members[i].push_back(static_cast<std::int32_t>(s));
      }
    }
  Alphabet out{{}, {}, 0};
  std::unordered_map<std::vector<std::int32_t>, std::uint32_t, TupleHash> ids;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto [place, fresh] = ids.try_emplace(std::move(members[i]), out.count);
    if (fresh) ++out.count;
    if (!out.classes.empty() && out.classes.back() == place->second) continue;
    out.starts.push_back(starts[i]);
    out.classes.push_back(place->second);
  }
  return out;
}

std::int32_t Automaton::label(std::u32string_view text) const noexcept {
  std::int32_t state = 0;
  for (const char32_t point : text)
    if ((state = after(state, point)) < 0) return -1;
  return labels[static_cast<std::size_t>(state)];
}

bool Automaton::empty() const noexcept {
  return std::ranges::all_of(labels, [](std::int32_t label) { return label < 0; });
}

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
  if (states < least || states > Budget::states) budget.spend(~std::size_t{0});
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
      if (tuples.size() >= Budget::states * 4) budget.spend(~std::size_t{0});
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

// Hopcroft's refinement. What is missing counts as one more state that leads to itself.
Automaton minimised(Automaton a, Budget& budget) {
  a = trimmed(std::move(a));
  const std::size_t k = a.alphabet.count, n = a.states() + 1;
  budget.spend(2 * n * k);
  const auto target = [&](std::size_t state, std::size_t c) -> std::size_t {
    if (state + 1 == n) return n - 1;
    const std::int32_t next = a.next[state * k + c];
    return next < 0 ? n - 1 : static_cast<std::size_t>(next);
  };
  // Sources of each state by class: sources[begin[c * n + t] … begin[c * n + t + 1]).
  std::vector<std::uint32_t> begin(n * k + 1, 0), sources(n * k);
  for (std::size_t s = 0; s < n; ++s)
    for (std::size_t c = 0; c < k; ++c) ++begin[c * n + target(s, c)];
  std::uint32_t sum = 0;
  for (auto& each : begin) sum += std::exchange(each, sum);
  std::vector<std::uint32_t> fill(begin.begin(), begin.end());
  for (std::size_t s = 0; s < n; ++s)
    for (std::size_t c = 0; c < k; ++c)
      sources[fill[c * n + target(s, c)]++] = static_cast<std::uint32_t>(s);

  // Blocks are stretches of `members`; the marked ones of a block stand at its start.
  std::vector<std::uint32_t> members(n), place(n), block(n), first, size, marked;
  std::iota(members.begin(), members.end(), 0u);
  const auto label = [&](std::uint32_t s) { return s + 1 == n ? -1 : a.labels[s]; };
  std::ranges::stable_sort(members, {}, label);
  for (std::size_t i = 0; i < n; ++i) {
    if (i == 0 || label(members[i]) != label(members[i - 1])) {
      first.push_back(static_cast<std::uint32_t>(i));
      size.push_back(0);
      marked.push_back(0);
    }
    ++size.back();
    place[members[i]] = static_cast<std::uint32_t>(i);
    block[members[i]] = static_cast<std::uint32_t>(first.size() - 1);
  }
  std::vector<std::uint32_t> waiting(first.size()), touched, splitters;
  std::iota(waiting.begin(), waiting.end(), 0u);
  std::vector<bool> is_waiting(first.size(), true);
  while (!waiting.empty()) {
    const std::uint32_t splitter = waiting.back();
    waiting.pop_back();
    is_waiting[splitter] = false;
    splitters.assign(members.begin() + first[splitter],
                     members.begin() + first[splitter] + size[splitter]);
    for (std::size_t c = 0; c < k; ++c) {
      touched.clear();
      for (const std::uint32_t t : splitters)
        for (std::uint32_t i = begin[c * n + t]; i < begin[c * n + t + 1]; ++i) {
          const std::uint32_t s = sources[i], b = block[s];
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
        // The smaller part becomes a block of its own.
        const auto fresh = static_cast<std::uint32_t>(first.size());
        const bool front = m * 2 <= size[b];
        first.push_back(front ? first[b] : first[b] + m);
        size.push_back(front ? m : size[b] - m);
        marked.push_back(0);
        if (front) first[b] += m;
        size[b] -= size[fresh];
        for (std::uint32_t i = 0; i < size[fresh]; ++i) block[members[first[fresh] + i]] = fresh;
        is_waiting.push_back(true);
        waiting.push_back(fresh);
      }
    }
  }
  Automaton out;
  const std::uint32_t sink = block[n - 1];
  // The block of state 0 comes first.
  std::vector<std::int32_t> ids(first.size(), -1);
  std::vector<std::uint32_t> order{block[0]};
  ids[block[0]] = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t s = members[first[order[i]]];
    out.labels.push_back(label(s));
    for (std::size_t c = 0; c < k; ++c) {
      const std::uint32_t b = block[target(s, c)];
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
  // Classes that no state tells apart any more become one.
  std::unordered_map<std::vector<std::int32_t>, std::uint32_t, TupleHash> columns;
  std::vector<std::uint32_t> column_of(k), kept;
  std::vector<std::int32_t> column(out.states());
  for (std::size_t c = 0; c < k; ++c) {
    for (std::size_t s = 0; s < out.states(); ++s) column[s] = out.next[s * k + c];
    const auto [at, fresh] = columns.try_emplace(column, static_cast<std::uint32_t>(kept.size()));
    if (fresh) kept.push_back(static_cast<std::uint32_t>(c));
    column_of[c] = at->second;
  }
  std::vector<std::int32_t> next;
  for (std::size_t s = 0; s < out.states(); ++s)
    for (const std::uint32_t c : kept) next.push_back(out.next[s * k + c]);
  out.next = std::move(next);
  out.alphabet = {{}, {}, static_cast<std::uint32_t>(kept.size())};
  for (std::size_t i = 0; i < a.alphabet.starts.size(); ++i) {
    const std::uint32_t c = column_of[a.alphabet.classes[i]];
    if (!out.alphabet.classes.empty() && out.alphabet.classes.back() == c) continue;
    out.alphabet.starts.push_back(a.alphabet.starts[i]);
    out.alphabet.classes.push_back(c);
  }
  return out;
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

std::optional<std::vector<std::u32string>> texts(const Automaton& a, std::size_t limit) {
  std::vector<std::u32string> out;
  if (a.empty()) return out;
  if (!lengths(a).most) return std::nullopt;
  struct Path {
    std::int32_t state;
    std::u32string text;
  };
  std::vector<Path> stack{{0, {}}};
  while (!stack.empty()) {
    const auto [state, text] = std::move(stack.back());
    stack.pop_back();
    if (a.labels[static_cast<std::size_t>(state)] >= 0) {
      if (out.size() == limit) return std::nullopt;
      out.push_back(text);
    }
    for (std::size_t i = a.alphabet.starts.size(); i-- > 0;) {
      const char32_t start = a.alphabet.starts[i];
      const std::int32_t next = a.after(state, start);
      if (next < 0) continue;
      const char32_t end =
          i + 1 < a.alphabet.starts.size() ? a.alphabet.starts[i + 1] : last_code_point + 1;
      if (end - start > limit || stack.size() > limit + a.states()) return std::nullopt;
      for (char32_t point = end; point-- > start;) stack.push_back({next, text + point});
    }
  }
  return out;
}

std::u32string code_points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto at = [&](std::size_t k) {
      return i + k < utf8.size() ? static_cast<unsigned char>(utf8[i + k]) : 0u;
    };
    const unsigned lead = at(0);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = size == 1 ? lead : lead & (0x7F >> size);
    for (std::size_t k = 1; k < size; ++k) point = point << 6 | (at(k) & 0x3F);
    out += point;
    i += size;
  }
  return out;
}

std::string utf8(std::u32string_view text) {
  std::string out;
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  for (const char32_t point : text) {
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xC0 | point >> 6), put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
      put(0xE0 | point >> 12), put(0x80 | (point >> 6 & 0x3F)), put(0x80 | (point & 0x3F));
    } else {
      put(0xF0 | point >> 18), put(0x80 | (point >> 12 & 0x3F)), put(0x80 | (point >> 6 & 0x3F)),
          put(0x80 | (point & 0x3F));
    }
  }
  return out;
}

}  // namespace quipu::regular
