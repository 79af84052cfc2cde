// Arrays: items one after the other, or counted where `contains` asks for it.
#include <algorithm>
#include <map>

#include "quipu/error.h"
#include "text/schema/compiler.h"

namespace quipu::schema {
namespace {

using grammar::NodeId;

constexpr std::size_t most_array_states = 4'096;  // of one array with `contains`

std::optional<std::size_t> less(std::optional<std::size_t> most, std::size_t by) {
  if (!most) return most;
  return *most > by ? *most - by : 0;
}
std::size_t less(std::size_t least, std::size_t by) {
  return least > by ? least - by : 0;
}

}  // namespace

NodeId Compiler::array(const Shape& shape) {
  std::vector<NodeId> options;
  if (!shape.contains.empty()) {
    options.push_back(counted_array(shape));
  } else {
    if (shape.least == 0) options.push_back(answers_ ? empty_ : space_);
    if (shape.most != 0u) options.push_back(sequence({space_, items(shape), space_}));
  }
  return sequence({syntax_.add_bytes("["), choice(options), syntax_.add_bytes("]")});
}

// At least one item.
NodeId Compiler::items(const Shape& shape) {
  std::size_t prefix = 0;
  for (const Items& each : shape.items) prefix = std::max(prefix, each.prefix.size());
  if (shape.most) prefix = std::min(prefix, *shape.most);
  const NodeId rest = rule_of(shapes_.item_goal(shape, prefix));
  const NodeId another = sequence({comma_, rest});
  const std::size_t first = std::max<std::size_t>(prefix, 1);
  // From the back; what must be there stands side by side, what need not be in a choice.
  std::vector<NodeId> parts{repeat(another, less(shape.least, first), less(shape.most, first))};
  const auto joined = [&] {
    std::ranges::reverse(parts);
    return syntax_.add_sequence(parts);
  };
  for (std::size_t i = prefix; i-- > 1;) {
    parts.push_back(rule_of(shapes_.item_goal(shape, i)));
    parts.push_back(comma_);
    if (i < shape.least) continue;
    const NodeId optional = choice({empty_, joined()});
    parts = {optional};
  }
  parts.push_back(prefix == 0 ? rest : rule_of(shapes_.item_goal(shape, 0)));
  return joined();
}

// A rule per number of items so far and of those that match each `contains`.
NodeId Compiler::counted_array(const Shape& shape) {
  struct State {
    std::size_t items;
    std::vector<std::size_t> matches;
    auto operator<=>(const State&) const = default;
  };
  std::size_t enough = shape.least;
  for (const Items& each : shape.items) enough = std::max(enough, each.prefix.size());
  for (const Contains& each : shape.contains) enough = std::max(enough, each.from);
  if (shape.most) enough = std::max(enough, *shape.most);
  if (shape.contains.size() > 3)
    throw Error(ErrorCode::unsupported, shape.contains[0].where +
                                            ": more than three of these for one array are not "
                                            "supported");
  std::map<State, std::uint32_t> rules;
  std::vector<State> states;
  const auto rule = [&](const State& state) {
    const auto [place, fresh] =
        rules.try_emplace(state, static_cast<std::uint32_t>(syntax_.rules.size()));
    if (fresh) {
      if (states.size() >= most_array_states)
        throw Error(ErrorCode::unsupported,
                    shape.contains[0].where + ": arrays with such bounds are not supported");
      syntax_.rules.push_back({"items of " + shape.contains[0].where, grammar::no_node, 0});
      states.push_back(state);
    }
    return place->second;
  };
  // The states that one more item leads to, each with the item.
  const auto options = [&](const State& from, bool first) {
    std::vector<NodeId> out;
    if (shape.most && from.items >= *shape.most) return out;
    const std::size_t n = shape.contains.size();
    for (std::size_t set = 0; set < std::size_t{1} << n; ++set) {
      std::vector<Literal> wanted = shapes_.literals(shapes_.item_goal(shape, from.items));
      State to{std::min(from.items + 1, enough), from.matches};
      bool possible = true;
      for (std::size_t i = 0; i < n; ++i) {
        const Contains& each = shape.contains[i];
        const bool matches = (set >> i & 1) != 0;
        const bool open = from.items >= each.from && (each.most || from.matches[i] < each.least);
        if (!open) {
          possible &= !matches;
          continue;
        }
        wanted.push_back(matches ? each.item : opposite(each.item));
        if (!matches) continue;
        if (each.most && from.matches[i] >= *each.most) possible = false;
        to.matches[i] = each.most ? from.matches[i] + 1 : std::min(from.matches[i] + 1, each.least);
      }
      if (!possible) continue;
      const GoalId goal = shapes_.goal(std::move(wanted));
      if (shapes_.surely_empty(goal)) continue;
      const NodeId item = rule_of(goal), next = syntax_.add_rule(rule(to));
      out.push_back(first ? sequence({space_, item, next}) : sequence({comma_, item, next}));
    }
    return out;
  };
  const auto may_end = [&](const State& state) {
    if (state.items < shape.least) return false;
    for (std::size_t i = 0; i < shape.contains.size(); ++i)
      if (state.matches[i] < shape.contains[i].least) return false;
    return true;
  };
  const State none{0, std::vector<std::size_t>(shape.contains.size(), 0)};
  std::vector<NodeId> first = options(none, true);
  if (may_end(none)) first.push_back(answers_ ? empty_ : space_);
  for (std::size_t i = 0; i < states.size(); ++i) {
    const State state = states[i];
    std::vector<NodeId> next = options(state, false);
    if (may_end(state)) next.push_back(space_);
    const NodeId body = choice(next);
    syntax_.rules[rules.at(state)].body = body;
  }
  return choice(first);
}

}  // namespace quipu::schema
