// Least fixpoints over the tree: what holds for a node is told to its parents, each edge once.
#include "text/grammar/facts.h"

#include <algorithm>

#include "text/grammar/utf8_ranges.h"

namespace quipu::grammar {
namespace {

// Who must be told about a node.
class Parents {
 public:
  explicit Parents(const Syntax& syntax) : first_(syntax.nodes.size() + 1) {
    each(syntax, [&](NodeId child, NodeId) { ++first_[child + 1]; });
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    parents_.resize(first_.back());
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    each(syntax, [&](NodeId child, NodeId parent) { parents_[next[child]++] = parent; });
  }
  std::span<const NodeId> of(NodeId node) const {
    return std::span(parents_).subspan(first_[node], first_[node + 1] - first_[node]);
  }

 private:
  template <class Visit>
  static void each(const Syntax& syntax, Visit visit) {
    for (NodeId id = 0; id < syntax.nodes.size(); ++id) {
      const Node& node = syntax.nodes[id];
      for (const NodeId child : syntax.children_of(node)) visit(child, id);
      if (node.kind == Kind::rule && syntax.rules[node.index].body != no_node)
        visit(syntax.rules[node.index].body, id);
      if (node.kind == Kind::object)
        for (const auto& member : syntax.objects[node.index].members)
          if (member.value != no_node) visit(member.value, id);
    }
  }
  std::vector<std::uint32_t> first_;
  std::vector<NodeId> parents_;
};

// Some member for each that is required, and enough of them: all that an object needs to exist.
bool can_be(const Object& object, const std::vector<bool>& usable) {
  std::uint64_t required = 0, once = 0;
  bool endless = false;
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    const auto& member = object.members[i];
    if (member.required && !usable[i]) return false;
    required += member.required ? 1 : 0;
    once += usable[i] ? 1 : 0;
    endless = endless || (usable[i] && member.repeatable);
  }
  return required <= object.most && object.least <= object.most &&
         (endless || once >= object.least);
}

// Whether it accepts a text that is not empty.
bool accepts_bytes(const Dfa& dfa) {
  const std::vector<bool> live = live_states(dfa);
  return !live.empty() && std::ranges::any_of(dfa.states[0].edges, [&](const Dfa::Edge& edge) {
    return live[edge.target];
  });
}

// The nodes for which a claim holds.
class Claim {
 public:
  explicit Claim(const Syntax& syntax, const Parents& parents)
      : syntax_(syntax), parents_(parents), holds_(syntax.nodes.size()) {
    left_.reserve(syntax.nodes.size());
    for (const Node& node : syntax.nodes) left_.push_back(node.children);
  }

  void add(NodeId id) {
    if (holds_[id]) return;
    holds_[id] = true;
    told_.push_back(id);
  }
  /// Tells the parents of what was added, theirs, and so on. `follows` says for a parent whether
  /// the claim holds for it, too; it is asked once for each child.
  template <class Follows>
  void spread(Follows follows) {
    while (!told_.empty()) {
      const NodeId child = told_.back();
      told_.pop_back();
      for (const NodeId id : parents_.of(child))
        if (!holds_[id] && follows(id, syntax_.nodes[id])) add(id);
    }
  }
  /// For a sequence, asked once for each child: whether this was the last one that it waits for.
  bool last_child(NodeId id) { return --left_[id] == 0; }
  const std::vector<bool>& holds() const noexcept { return holds_; }

 private:
  const Syntax& syntax_;
  const Parents& parents_;
  std::vector<bool> holds_;
  std::vector<NodeId> told_;
  std::vector<std::uint32_t> left_;
};

std::vector<bool> find_productive(const Syntax& syntax, const Parents& parents) {
  Claim claim(syntax, parents);
  std::vector<NodeId> objects;
  for (NodeId id = 0; id < syntax.nodes.size(); ++id) {
    const Node& node = syntax.nodes[id];
    const bool begins =
        node.kind == Kind::bytes ||
        (node.kind == Kind::characters && !tidy(syntax.classes[node.index]).empty()) ||
        (node.kind == Kind::automaton && !live_states(syntax.automata[node.index]).empty() &&
         live_states(syntax.automata[node.index])[0]) ||
        (node.kind == Kind::sequence && node.children == 0) ||
        (node.kind == Kind::repeat && node.least == 0);
    if (begins) claim.add(id);
    if (node.kind == Kind::object) objects.push_back(id);
  }
  // Objects need several members, so they are looked at only when nothing else is left to tell.
  for (bool more = true; more;) {
    claim.spread([&](NodeId id, const Node& node) {
      return node.kind == Kind::object ? false
                                       : node.kind != Kind::sequence || claim.last_child(id);
    });
    more = false;
    for (const NodeId id : objects) {
      if (claim.holds()[id]) continue;
      const Object& object = syntax.objects[syntax.nodes[id].index];
      if (!can_be(object, usable_members(object, claim.holds()))) continue;
      claim.add(id);
      more = true;
    }
  }
  return claim.holds();
}

std::vector<bool> find_nullable(const Syntax& syntax, const Parents& parents) {
  Claim claim(syntax, parents);
  for (NodeId id = 0; id < syntax.nodes.size(); ++id) {
    const Node& node = syntax.nodes[id];
    if ((node.kind == Kind::bytes && syntax.literals[node.index].empty()) ||
        (node.kind == Kind::automaton && !syntax.automata[node.index].states.empty() &&
         syntax.automata[node.index].states[0].accepting) ||
        (node.kind == Kind::sequence && node.children == 0) ||
        (node.kind == Kind::repeat && node.least == 0))
      claim.add(id);
  }
  claim.spread([&](NodeId id, const Node& node) {
    return node.kind == Kind::object ? false : node.kind != Kind::sequence || claim.last_child(id);
  });
  return claim.holds();
}

std::vector<bool> find_filled(const Syntax& syntax, const Parents& parents,
                              const std::vector<bool>& productive) {
  Claim claim(syntax, parents);
  for (NodeId id = 0; id < syntax.nodes.size(); ++id) {
    const Node& node = syntax.nodes[id];
    if (!productive[id]) continue;
    if ((node.kind == Kind::bytes && !syntax.literals[node.index].empty()) ||
        node.kind == Kind::characters || node.kind == Kind::object ||
        (node.kind == Kind::automaton && accepts_bytes(syntax.automata[node.index])))
      claim.add(id);
  }
  claim.spread([&](NodeId id, const Node& node) {
    return productive[id] && (node.kind != Kind::repeat || node.most > 0);
  });
  return claim.holds();
}

}  // namespace

std::vector<bool> live_states(const Dfa& dfa) {
  std::vector<std::vector<std::uint32_t>> from(dfa.states.size());
  std::vector<bool> live(dfa.states.size());
  std::vector<std::uint32_t> told;
  for (std::uint32_t i = 0; i < dfa.states.size(); ++i) {
    for (const auto& edge : dfa.states[i].edges) from[edge.target].push_back(i);
    if (!dfa.states[i].accepting) continue;
    live[i] = true;
    told.push_back(i);
  }
  while (!told.empty()) {
    const std::uint32_t target = told.back();
    told.pop_back();
    for (const std::uint32_t state : from[target])
      if (!live[state]) {
        live[state] = true;
        told.push_back(state);
      }
  }
  return live;
}

std::vector<bool> usable_members(const Object& object, const std::vector<bool>& productive) {
  std::vector<bool> usable(object.members.size());
  // Only keys that the automaton reaches.
  std::vector<bool> reached(object.keys.states.size());
  std::vector<std::uint32_t> next;
  if (!reached.empty()) {
    reached[0] = true;
    next.push_back(0);
  }
  while (!next.empty()) {
    const std::uint32_t state = next.back();
    next.pop_back();
    const std::int32_t member = object.key_member[state];
    if (member >= 0) {
      const NodeId value = object.members[static_cast<std::size_t>(member)].value;
      usable[static_cast<std::size_t>(member)] = value != no_node && productive[value];
    }
    for (const auto& edge : object.keys.states[state].edges)
      if (!reached[edge.target]) {
        reached[edge.target] = true;
        next.push_back(edge.target);
      }
  }
  return usable;
}

Facts find_facts(const Syntax& syntax) {
  const Parents parents(syntax);
  Facts facts;
  facts.productive = find_productive(syntax, parents);
  facts.nullable = find_nullable(syntax, parents);
  facts.filled = find_filled(syntax, parents, facts.productive);
  return facts;
}

}  // namespace quipu::grammar
