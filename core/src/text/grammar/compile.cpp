// From the tree to parts: each is built as an automaton with skips, then flattened.
#include "text/grammar/compile.h"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "quipu/error.h"
#include "text/grammar/facts.h"
#include "text/grammar/left_recursion.h"
#include "text/grammar/nfa.h"
#include "text/grammar/program.h"
#include "text/grammar/sizes.h"
#include "text/grammar/utf8_ranges.h"

namespace quipu::grammar {
namespace {

constexpr std::size_t most_work = std::size_t{1} << 23;    // steps of flattening
constexpr std::size_t most_states = std::size_t{1} << 19;  // of all parts while they are made
// Nodes in nodes, deeper than a text or a schema within its budget can make them.
constexpr std::uint32_t most_depth = 1024;

[[noreturn]] void refuse(const std::string& expected, const std::string& found) {
  throw Error(ErrorCode::invalid, "grammar: expected " + expected + ", found " + found);
}

class Compiler {
 public:
  explicit Compiler(const Syntax& syntax)
      : syntax_(syntax), facts_(find_facts(syntax)), sizes_(find_sizes(syntax, facts_)),
        rule_bodies_(syntax.rules.size()) {}

  Program compile();

 private:
  struct Pending {
    PartId part;
    NodeId node;
  };

  void check_depth() const;
  NodeId resolved(NodeId node);
  PartId part_of(NodeId node);
  void build(Pending pending);
  void build_plain(Pending pending);
  void build_automaton(PartId part, const Dfa& dfa);
  void build_repeat(PartId part, const Node& node);
  void build_object(PartId part, const Object& object);
  std::uint32_t add_repeat(Program::Repeat repeat);
  Program::Optional optional(NodeId node);
  void add_order(Program::Object& object) const;
  StateId add_state(StateKind kind, std::uint32_t index = 0, std::uint32_t position = 0);
  void add_flat(PartId part, const Flat& flat);
  void find_byte_classes();

  // Into the automaton of the part that is being built.
  void emit(NodeId node, std::uint32_t from, std::uint32_t to);
  void emit_bytes(std::string_view text, std::uint32_t from, std::uint32_t to);
  void emit_characters(const std::vector<CodePoints>& ranges, std::uint32_t from, std::uint32_t to);
  void emit_automaton(const Dfa& dfa, std::uint32_t from, std::uint32_t to);
  void emit_repeat(const Node& node, std::uint32_t from, std::uint32_t to);
  void emit_call(NodeId node, std::uint32_t from, std::uint32_t to);
  std::uint32_t fresh();

  const Syntax& syntax_;
  const Facts facts_;
  const Sizes sizes_;
  std::vector<NodeId> rule_bodies_;  // of rules that are nothing but another rule: the last one's
  Program program_;
  std::unordered_map<NodeId, PartId> parts_;
  std::unordered_map<std::uint32_t, PartId> automata_;  // their parts, by index
  std::map<std::pair<PartId, bool>, std::uint32_t> endless_;
  std::deque<Pending> pending_;
  std::uint32_t rule_ = none;  // that is being built
  Nfa nfa_;
  std::size_t work_ = most_work, states_ = 0;
};

void Compiler::check_depth() const {
  std::vector<std::uint32_t> depth(syntax_.nodes.size(), 1);
  for (NodeId id = 0; id < syntax_.nodes.size(); ++id) {
    for (const NodeId child : syntax_.children_of(syntax_.nodes[id]))
      depth[id] = std::max(depth[id], depth[child] + 1);
    if (depth[id] > most_depth)
      refuse("at most " + std::to_string(most_depth) + " levels of groups in groups", "more");
  }
}

NodeId Compiler::resolved(NodeId node) {
  std::vector<std::uint32_t> way;
  while (syntax_.nodes[node].kind == Kind::rule) {
    const std::uint32_t rule = syntax_.nodes[node].index;
    way.push_back(rule);
    node = rule_bodies_[rule] != 0 ? rule_bodies_[rule] - 1 : syntax_.rules[rule].body;
  }
  for (const std::uint32_t rule : way) rule_bodies_[rule] = node + 1;
  return node;
}

// Only for nodes that describe a text that is not empty, so a chain of rules ends.
PartId Compiler::part_of(NodeId node) {
  const std::uint32_t rule =
      syntax_.nodes[node].kind == Kind::rule ? syntax_.nodes[node].index : rule_;
  node = resolved(node);
  const bool automaton = syntax_.nodes[node].kind == Kind::automaton;
  PartId& part = automaton ? automata_.try_emplace(syntax_.nodes[node].index, none).first->second
                           : parts_.try_emplace(node, none).first->second;
  if (part != none) return part;
  part = static_cast<PartId>(program_.parts.size());
  program_.parts.push_back({.rule = rule});
  pending_.push_back({part, node});
  return part;
}

Program Compiler::compile() {
  check_depth();
  if (!facts_.productive[syntax_.root]) refuse("one that describes a text", "one that cannot");
  for (const auto& rule : syntax_.rules)
    program_.rule_names.push_back(
        rule.line == 0 ? rule.name : rule.name + " (line " + std::to_string(rule.line) + ")");
  program_.done = add_state(StateKind::plain);
  program_.states[program_.done].accepting = true;
  program_.empty_text = facts_.nullable[syntax_.root];
  if (facts_.filled[syntax_.root]) program_.root = part_of(syntax_.root);
  while (!pending_.empty()) {
    const Pending next = pending_.front();
    pending_.pop_front();
    rule_ = program_.parts[next.part].rule;
    build(next);
  }
  find_byte_classes();
  refuse_left_recursion(program_);
  return std::move(program_);
}

void Compiler::build(Pending pending) {
  const Node& node = syntax_.nodes[pending.node];
  if (node.kind == Kind::automaton)
    build_automaton(pending.part, syntax_.automata[node.index]);
  else if (node.kind == Kind::object)
    build_object(pending.part, syntax_.objects[node.index]);
  else if (node.kind == Kind::repeat && !sizes_.written_out[pending.node])
    build_repeat(pending.part, node);
  else
    build_plain(pending);
}

void Compiler::build_plain(Pending pending) {
  nfa_ = {};
  const std::uint32_t start = fresh(), accept = fresh();
  const Node& node = syntax_.nodes[pending.node];
  // The node itself, even where it is one that others call.
  if (node.kind == Kind::sequence || node.kind == Kind::choice || node.kind == Kind::bytes ||
      node.kind == Kind::characters)
    emit(pending.node, start, accept);
  else
    emit_repeat(node, start, accept);
  add_flat(pending.part, flatten(nfa_, start, accept, work_));
}

StateId Compiler::add_state(StateKind kind, std::uint32_t index, std::uint32_t position) {
  program_.states.push_back({.kind = kind, .index = index, .position = position});
  return static_cast<StateId>(program_.states.size()) - 1;
}

void Compiler::add_flat(PartId part, const Flat& flat) {
  const auto base = static_cast<StateId>(program_.states.size());
  // What accepts and does nothing else is one state for all parts.
  const auto place = [&](StateId state) {
    const auto& s = flat.states[state];
    return s.accepting && s.edges.empty() && s.calls.empty() ? program_.done : base + state;
  };
  for (const auto& from : flat.states) {
    auto& state = program_.states.emplace_back();
    state.accepting = from.accepting;
    state.first_edge = static_cast<std::uint32_t>(program_.edges.size());
    state.edges = static_cast<std::uint32_t>(from.edges.size());
    state.first_call = static_cast<std::uint32_t>(program_.calls.size());
    state.calls = static_cast<std::uint32_t>(from.calls.size());
    for (const auto& edge : from.edges)
      program_.edges.push_back({edge.first, edge.last, place(edge.target)});
    for (const auto& call : from.calls) program_.calls.push_back({call.part, place(call.target)});
  }
  program_.parts[part].start = base;
}

void Compiler::build_automaton(PartId part, const Dfa& dfa) {
  // A first state that nothing leads to, so that it need not accept.
  const std::vector<bool> live = live_states(dfa);
  Flat flat;
  flat.states.resize(dfa.states.size() + 1);
  for (std::size_t i = 0; i < dfa.states.size(); ++i) {
    auto& state = flat.states[i + 1];
    state.accepting = dfa.states[i].accepting;
    for (const auto& edge : dfa.states[i].edges)
      if (live[edge.target]) state.edges.push_back({edge.first, edge.last, edge.target + 1});
  }
  flat.states[0].edges = flat.states[1].edges;
  add_flat(part, flat);
}

std::uint32_t Compiler::add_repeat(Program::Repeat repeat) {
  const auto index = static_cast<std::uint32_t>(program_.repeats.size());
  repeat.state = add_state(StateKind::repeat, index);
  program_.repeats.push_back(repeat);
  return index;
}

void Compiler::build_repeat(PartId part, const Node& node) {
  const NodeId child = syntax_.children_of(node)[0];
  const PartId body = part_of(child);
  const auto twin = [&](bool ends) {
    const auto [at, fresh] = endless_.try_emplace({body, ends}, none);
    if (fresh) at->second = add_repeat({.body = body, .ends = ends});
    return at->second;
  };
  const std::uint32_t index = add_repeat({.body = body,
                                          .least = facts_.nullable[child] ? 0 : node.least,
                                          .most = node.most,
                                          .free = twin(true),
                                          .endless = twin(false)});
  program_.parts[part].start = program_.repeats[index].state;
}

Program::Optional Compiler::optional(NodeId node) {
  if (node == no_node) return {};
  return {facts_.filled[node] ? part_of(node) : none, facts_.nullable[node]};
}

void Compiler::build_object(PartId part, const Object& object) {
  if (!object.key_member.empty() && object.key_member[0] >= 0)
    refuse("keys of an object in quotes", "an empty one");
  const auto index = static_cast<std::uint32_t>(program_.objects.size());
  Program::Object made;
  made.keys = object.keys.states;
  made.key_member = object.key_member;
  made.keys_before.resize(made.keys.size());
  for (std::uint32_t i = 0; i < made.keys.size(); ++i)
    for (const auto& edge : made.keys[i].edges) made.keys_before[edge.target].push_back(i);
  const std::vector<bool> usable = usable_members(object, facts_.productive);
  for (std::size_t i = 0; i < object.members.size(); ++i) {
    const auto& member = object.members[i];
    made.members.push_back({.value = usable[i] ? optional(member.value) : Program::Optional{},
                            .required = member.required,
                            .repeatable = member.repeatable,
                            .usable = usable[i]});
  }
  made.least = object.least;
  made.most = object.most;
  made.listed_order = object.listed_order;
  made.when_empty = optional(object.when_empty);
  made.before_first = optional(object.before_first);
  made.after_key = optional(object.after_key);
  made.between = optional(object.between);
  made.before_close = optional(object.before_close);
  made.open = add_state(StateKind::object_open, index);
  made.opened = add_state(StateKind::object_opened, index);
  made.after = add_state(StateKind::object_after, index);
  made.close = add_state(StateKind::object_close, index);
  made.keys_at = static_cast<StateId>(program_.states.size());
  for (std::uint32_t i = 0; i < made.keys.size(); ++i) add_state(StateKind::object_key, index, i);
  made.values_at = static_cast<StateId>(program_.states.size());
  for (std::uint32_t i = 0; i < made.members.size(); ++i)
    add_state(StateKind::object_value, index, i);
  add_order(made);
  program_.parts[part].start = made.open;
  program_.objects.push_back(std::move(made));
}

void Compiler::add_order(Program::Object& object) const {
  const std::size_t size = object.members.size();
  object.next_required.assign(size + 1, none);
  object.required_from.assign(size + 1, 0);
  object.usable_from.assign(size + 1, 0);
  object.endless_from.assign(size + 1, false);
  for (std::size_t i = size; i-- > 0;) {
    const auto& member = object.members[i];
    object.next_required[i] =
        member.required ? static_cast<std::uint32_t>(i) : object.next_required[i + 1];
    object.required_from[i] = object.required_from[i + 1] + (member.required ? 1 : 0);
    object.usable_from[i] = object.usable_from[i + 1] + (member.usable ? 1 : 0);
    object.endless_from[i] = object.endless_from[i + 1] || (member.usable && member.repeatable);
  }
}

std::uint32_t Compiler::fresh() {
  if (++states_ > most_states) refuse("at most " + std::to_string(most_states) + " states", "more");
  return nfa_.add_state();
}

// Nodes that describe nothing are left out, so whatever is begun can be finished.
void Compiler::emit(NodeId id, std::uint32_t from, std::uint32_t to) {
  if (!facts_.productive[id]) return;
  const Node& node = syntax_.nodes[id];
  switch (node.kind) {
  case Kind::bytes:
    emit_bytes(syntax_.literals[node.index], from, to);
    break;
  case Kind::characters:
    emit_characters(syntax_.classes[node.index], from, to);
    break;
  case Kind::automaton:
    if (sizes_.inlined_automata[node.index])
      emit_automaton(syntax_.automata[node.index], from, to);
    else
      emit_call(id, from, to);
    break;
  case Kind::sequence: {
    const auto parts = syntax_.children_of(node);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::uint32_t next = i + 1 == parts.size() ? to : fresh();
      emit(parts[i], from, next);
      from = next;
    }
    if (parts.empty()) nfa_.add_skip(from, to);
    break;
  }
  case Kind::choice:
    for (const NodeId option : syntax_.children_of(node)) emit(option, from, to);
    break;
  case Kind::repeat:
    if (sizes_.written_out[id])
      emit_repeat(node, from, to);
    else
      emit_call(id, from, to);
    break;
  case Kind::rule:
    if (sizes_.inlined[node.index])
      emit(syntax_.rules[node.index].body, from, to);
    else
      emit_call(id, from, to);
    break;
  case Kind::object:
    emit_call(id, from, to);
    break;
  }
}

void Compiler::emit_bytes(std::string_view text, std::uint32_t from, std::uint32_t to) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint32_t next = i + 1 == text.size() ? to : fresh();
    const auto byte = static_cast<std::uint8_t>(text[i]);
    nfa_.add_edge(from, byte, byte, next);
    from = next;
  }
  if (text.empty()) nfa_.add_skip(from, to);
}

void Compiler::emit_characters(const std::vector<CodePoints>& ranges, std::uint32_t from,
                               std::uint32_t to) {
  // Sequences that begin alike come one after the other and share their way.
  std::uint32_t way[4] = {from, none, none, none};
  ByteRanges before{{}, 0};
  for (const auto& bytes : byte_ranges(tidy(ranges))) {
    std::uint32_t shared = 0;
    while (shared + 1 < bytes.size && shared + 1 < before.size &&
           bytes.at[shared] == before.at[shared])
      ++shared;
    for (std::uint32_t i = shared; i < bytes.size; ++i) {
      const std::uint32_t next = i + 1 == bytes.size ? to : fresh();
      nfa_.add_edge(way[i], bytes.at[i].first, bytes.at[i].last, next);
      if (i + 1 < bytes.size) way[i + 1] = next;
    }
    before = bytes;
  }
}

void Compiler::emit_automaton(const Dfa& dfa, std::uint32_t from, std::uint32_t to) {
  const std::vector<bool> live = live_states(dfa);
  std::vector<std::uint32_t> places;
  for (std::size_t i = 0; i < dfa.states.size(); ++i) places.push_back(fresh());
  nfa_.add_skip(from, places[0]);
  for (std::size_t i = 0; i < dfa.states.size(); ++i) {
    for (const auto& edge : dfa.states[i].edges)
      if (live[edge.target]) nfa_.add_edge(places[i], edge.first, edge.last, places[edge.target]);
    if (dfa.states[i].accepting) nfa_.add_skip(places[i], to);
  }
}

void Compiler::emit_repeat(const Node& node, std::uint32_t from, std::uint32_t to) {
  const NodeId child = syntax_.children_of(node)[0];
  const std::uint32_t least = facts_.nullable[child] ? 0 : node.least;
  const std::uint32_t rounds =
      node.most == unbounded ? std::max(least, std::uint32_t{1}) : node.most;
  // Behind each round there is a state of its own, so that nothing of what follows runs into it.
  std::uint32_t at = fresh();
  nfa_.add_skip(from, at);
  if (least == 0) nfa_.add_skip(at, to);
  if (!facts_.productive[child]) return;
  for (std::uint32_t i = 1; i <= rounds; ++i) {
    const std::uint32_t next = fresh();
    emit(child, at, next);
    if (node.most == unbounded && i == rounds) nfa_.add_skip(next, at);
    if (i >= least) nfa_.add_skip(next, to);
    at = next;
  }
}

void Compiler::emit_call(NodeId node, std::uint32_t from, std::uint32_t to) {
  if (facts_.filled[node]) nfa_.add_call(from, part_of(node), to);
  if (facts_.nullable[node]) nfa_.add_skip(from, to);
}

void Compiler::find_byte_classes() {
  std::array<bool, 257> starts{};
  const auto cut = [&](std::uint8_t first, std::uint8_t last) {
    starts[first] = starts[last + std::size_t{1}] = true;
  };
  for (const auto& edge : program_.edges) cut(edge.first, edge.last);
  for (const auto& object : program_.objects)
    for (const auto& state : object.keys)
      for (const auto& edge : state.edges) cut(edge.first, edge.last);
  if (!program_.objects.empty())
    for (const char brace : {'{', '}'})
      cut(static_cast<std::uint8_t>(brace), static_cast<std::uint8_t>(brace));
  std::uint32_t current = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (byte > 0 && starts[byte]) ++current;
    program_.byte_class[byte] = static_cast<std::uint8_t>(current);
  }
  program_.byte_classes = current + 1;
}

}  // namespace

std::shared_ptr<const Grammar> compile(const Syntax& syntax) {
  return std::make_shared<const Grammar>(
      std::make_shared<const Program>(Compiler(syntax).compile()));
}

}  // namespace quipu::grammar
