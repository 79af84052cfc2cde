// A state that loops over most bytes, as inside a string, lets most of a vocabulary through: its
// mask costs a walk through all of it. Such a loop is kept in one part that all places call, so the
// walk is made once. Small things that let little through are copied: it saves frames.
#include "text/grammar/sizes.h"

#include <algorithm>

namespace quipu::grammar {
namespace {

constexpr std::uint32_t huge = 1'000'000;
// A rule of a comma and white space is inlined, one of a number is not.
constexpr std::uint32_t most_inlined = 24;
// Repeats of digits and the like are written out.
constexpr std::uint32_t most_written_out = 32;
// Rules in rules in rules.
constexpr int most_levels = 8;
// First bytes of a class that lets much through: more than white space, digits or hex digits.
constexpr std::uint32_t wide_bytes = 26;

std::uint32_t add(std::uint32_t a, std::uint32_t b) {
  return std::min(huge, a + b);
}

std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(huge, std::uint64_t{a} * b));
}

bool is_wide(const std::vector<CodePoints>& ranges) {
  std::uint64_t count = 0;
  for (const auto& [first, last] : ranges)
    if (first <= last) count += std::uint64_t{last} - first + 1;
  return count >= wide_bytes;
}

bool is_wide(const Dfa& dfa) {
  return std::ranges::any_of(dfa.states, [](const Dfa::State& state) {
    std::uint32_t bytes = 0;
    for (const auto& edge : state.edges) bytes += edge.last - edge.first + 1u;
    return bytes >= wide_bytes;
  });
}

class Measure {
 public:
  Measure(const Syntax& syntax, const Facts& facts)
      : syntax_(syntax), facts_(facts), wide_(syntax.nodes.size()), plain_(syntax.nodes.size()) {
    sizes_.states.resize(syntax.nodes.size());
    sizes_.inlined.resize(syntax.rules.size());
    sizes_.inlined_automata.resize(syntax.automata.size());
    sizes_.written_out.resize(syntax.nodes.size());
    for (std::size_t i = 0; i < syntax.automata.size(); ++i)
      sizes_.inlined_automata[i] =
          syntax.automata[i].states.size() <= most_inlined && !is_wide(syntax.automata[i]);
  }

  Sizes measure() {
    for (int level = 0; level < most_levels; ++level) {
      for (NodeId id = 0; id < syntax_.nodes.size(); ++id) look_at(id);
      for (std::size_t i = 0; i < syntax_.rules.size(); ++i) {
        const NodeId body = syntax_.rules[i].body;
        sizes_.inlined[i] = body != no_node && plain_[body] && sizes_.states[body] <= most_inlined;
      }
    }
    // Once more with what is final now.
    for (NodeId id = 0; id < syntax_.nodes.size(); ++id) look_at(id);
    return std::move(sizes_);
  }

 private:
  void look_at(NodeId id);
  void look_at_repeat(NodeId id, const Node& node);

  const Syntax& syntax_;
  const Facts& facts_;
  Sizes sizes_;
  std::vector<bool> wide_;   // lets much through
  std::vector<bool> plain_;  // made of nothing but inlined things, without a wide loop
};

void Measure::look_at(NodeId id) {
  const Node& node = syntax_.nodes[id];
  std::uint32_t states = 1;
  bool plain = true, wide = false;
  switch (node.kind) {
  case Kind::bytes:
    states = static_cast<std::uint32_t>(
        std::min<std::size_t>(huge, syntax_.literals[node.index].size()));
    break;
  case Kind::characters:
    states = static_cast<std::uint32_t>(
        std::min<std::size_t>(huge, 1 + syntax_.classes[node.index].size() / 4));
    wide = is_wide(syntax_.classes[node.index]);
    break;
  case Kind::automaton:
    plain = sizes_.inlined_automata[node.index];
    wide = is_wide(syntax_.automata[node.index]);
    if (plain) states = static_cast<std::uint32_t>(syntax_.automata[node.index].states.size());
    break;
  case Kind::sequence:
  case Kind::choice:
    for (const NodeId child : syntax_.children_of(node)) {
      states = add(states, sizes_.states[child]);
      plain = plain && plain_[child];
      wide = wide || wide_[child];
    }
    break;
  case Kind::repeat:
    look_at_repeat(id, node);
    return;
  case Kind::rule: {
    const NodeId body = syntax_.rules[node.index].body;
    plain = sizes_.inlined[node.index];
    if (plain) states = sizes_.states[body];
    wide = body != no_node && wide_[body];
    break;
  }
  case Kind::object:
    plain = false;
    break;
  }
  sizes_.states[id] = states;
  plain_[id] = plain;
  wide_[id] = wide;
}

void Measure::look_at_repeat(NodeId id, const Node& node) {
  const NodeId child = syntax_.children_of(node)[0];
  const bool loop = node.most == unbounded;
  // What a repeat of the empty text needs at least is nothing.
  const std::uint32_t least = facts_.nullable[child] ? 0 : node.least;
  const std::uint32_t rounds = loop ? std::max(least, 1u) : node.most;
  const std::uint32_t states = multiply(sizes_.states[child], std::max(rounds, 1u));
  const bool written_out =
      rounds <= 1 || (states <= most_written_out && !(wide_[child] && rounds > 2));
  sizes_.written_out[id] = written_out;
  sizes_.states[id] = written_out ? add(states, 2) : 1;
  plain_[id] = plain_[child] && written_out && !(loop && wide_[child]);
  wide_[id] = wide_[child];
}

}  // namespace

Sizes find_sizes(const Syntax& syntax, const Facts& facts) {
  return Measure(syntax, facts).measure();
}

}  // namespace quipu::grammar
