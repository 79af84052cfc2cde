// What a grammar says, as a tree: GBNF and JSON Schema are both turned into this, and the machine
// is made from it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quipu::grammar {

using NodeId = std::uint32_t;
inline constexpr NodeId no_node = std::numeric_limits<NodeId>::max();
inline constexpr std::uint32_t unbounded = std::numeric_limits<std::uint32_t>::max();

enum class Kind : std::uint8_t {
  bytes,       ///< a literal: literals[index]; "" is the empty text
  characters,  ///< one code point of classes[index], as UTF-8
  automaton,   ///< a text that automata[index] accepts
  sequence,    ///< the children, one after the other; none: the empty text
  choice,      ///< one of the children; none: nothing at all, not even the empty text
  repeat,      ///< the child, `least` to `most` times
  rule,        ///< what rules[index] says
  object,      ///< a JSON object: objects[index]
};

struct Node {
  Kind kind;
  std::uint32_t index = 0;
  std::uint32_t first_child = 0, children = 0;  ///< a stretch of Syntax::children
  std::uint32_t least = 0, most = 0;            ///< of a repeat; most may be `unbounded`
};

/// Code points from first to last; surrogates among them are left out.
struct CodePoints {
  std::uint32_t first, last;
  bool operator==(const CodePoints&) const = default;
};

/// A deterministic automaton over bytes. State 0 is the first; without states it accepts nothing.
struct Dfa {
  struct Edge {
    std::uint8_t first, last;
    std::uint32_t target;
  };
  struct State {
    std::vector<Edge> edges;  ///< sorted, without overlap
    bool accepting = false;
  };
  std::vector<State> states;
};

/// A JSON object:
///   '{' when_empty '}'
///   '{' before_first MEMBER (between MEMBER)* before_close '}'      MEMBER: key after_key value
/// `least` to `most` members, each required one among them; a member that is not repeatable at most
/// once. What can no longer be finished is never begun, so no combination of these is a dead end.
struct Object {
  struct Member {
    NodeId value = no_node;
    bool required = false;
    bool repeatable = false;  ///< a class of keys, as additionalProperties are
  };
  Dfa keys;  ///< the keys of all members as JSON strings, with their quotes
  /// Per state of `keys`: the member whose key ends there, -1 where none does. This, and not
  /// Dfa::State::accepting, says which states accept.
  std::vector<std::int32_t> key_member;
  std::vector<Member> members;
  std::uint32_t least = 0, most = unbounded;
  /// Members come by ascending index (a repeatable one any number of times in its place).
  bool listed_order = false;
  NodeId when_empty = no_node;  ///< these are white space and punctuation; no_node: the empty text
  NodeId before_first = no_node;
  NodeId after_key = no_node;  ///< the colon with its white space
  NodeId between = no_node;    ///< the comma with its white space
  NodeId before_close = no_node;
};

struct Rule {
  std::string name;  ///< for messages
  NodeId body = no_node;
  std::uint32_t line = 0;  ///< 0: none
};

/// A tree (rules may refer to each other freely, all else may be used in several places but has no
/// cycles). Nodes are added after their children, so a child's id is smaller than its parent's.
struct Syntax {
  std::vector<Node> nodes;
  std::vector<NodeId> children;
  std::vector<std::string> literals;
  std::vector<std::vector<CodePoints>> classes;
  std::vector<Dfa> automata;
  std::vector<Object> objects;
  std::vector<Rule> rules;
  NodeId root = no_node;

  std::span<const NodeId> children_of(const Node& node) const {
    return std::span(children).subspan(node.first_child, node.children);
  }

  NodeId add_bytes(std::string_view text);
  NodeId add_characters(std::vector<CodePoints> ranges);
  NodeId add_automaton(Dfa dfa);
  /// The same automaton once more, in another place.
  NodeId add_automaton(std::uint32_t index);
  NodeId add_sequence(std::span<const NodeId> parts);
  NodeId add_choice(std::span<const NodeId> options);
  NodeId add_repeat(NodeId child, std::uint32_t least, std::uint32_t most);
  NodeId add_rule(std::uint32_t rule);
  NodeId add_object(Object object);
};

/// What is too much for a grammar: beyond it, an Error.
struct Budget {
  static constexpr std::size_t text_bytes = std::size_t{1} << 20;
  static constexpr std::size_t nodes = 100'000;
  static constexpr std::size_t depth = 256;  ///< of groups in each other
};

}  // namespace quipu::grammar
