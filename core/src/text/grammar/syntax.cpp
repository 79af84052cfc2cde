// Adds nodes to a tree.
#include "text/grammar/syntax.h"

namespace quipu::grammar {
namespace {

std::uint32_t count(const auto& list) {
  return static_cast<std::uint32_t>(list.size());
}

NodeId add(Syntax& syntax, Node node) {
  syntax.nodes.push_back(node);
  return count(syntax.nodes) - 1;
}

NodeId add_parent(Syntax& syntax, Kind kind, std::span<const NodeId> parts) {
  const std::uint32_t first = count(syntax.children);
  syntax.children.insert(syntax.children.end(), parts.begin(), parts.end());
  return add(syntax, {.kind = kind, .first_child = first, .children = count(parts)});
}

}  // namespace

NodeId Syntax::add_bytes(std::string_view text) {
  literals.emplace_back(text);
  return add(*this, {.kind = Kind::bytes, .index = count(literals) - 1});
}

NodeId Syntax::add_characters(std::vector<CodePoints> ranges) {
  classes.push_back(std::move(ranges));
  return add(*this, {.kind = Kind::characters, .index = count(classes) - 1});
}

NodeId Syntax::add_automaton(Dfa dfa) {
  automata.push_back(std::move(dfa));
  return add_automaton(count(automata) - 1);
}

NodeId Syntax::add_automaton(std::uint32_t index) {
  return add(*this, {.kind = Kind::automaton, .index = index});
}

NodeId Syntax::add_sequence(std::span<const NodeId> parts) {
  return add_parent(*this, Kind::sequence, parts);
}

NodeId Syntax::add_choice(std::span<const NodeId> options) {
  return add_parent(*this, Kind::choice, options);
}

NodeId Syntax::add_repeat(NodeId child, std::uint32_t least, std::uint32_t most) {
  const std::uint32_t first = count(children);
  children.push_back(child);
  return add(
      *this,
      {.kind = Kind::repeat, .first_child = first, .children = 1, .least = least, .most = most});
}

NodeId Syntax::add_rule(std::uint32_t rule) {
  return add(*this, {.kind = Kind::rule, .index = rule});
}

NodeId Syntax::add_object(Object object) {
  objects.push_back(std::move(object));
  return add(*this, {.kind = Kind::object, .index = count(objects) - 1});
}

}  // namespace quipu::grammar
