// Goals become rules, shapes become nodes.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "quipu/grammar.h"
#include "text/grammar/syntax.h"
#include "text/schema/shapes.h"
#include "text/schema/string_bytes.h"

namespace quipu::schema {

class Compiler {
 public:
  Compiler(Shapes& shapes, const SchemaOptions& options);

  grammar::Syntax compile();

 private:
  using NodeId = grammar::NodeId;
  enum class Use : std::uint8_t { number, text, character };  // what a language is written as
  using ContentKey = std::vector<std::int64_t>;
  struct Keys;

  NodeId sequence(std::initializer_list<NodeId> parts);
  NodeId choice(const std::vector<NodeId>& options);
  NodeId repeat(NodeId child, std::size_t least, std::optional<std::size_t> most);

  NodeId rule_of(GoalId goal);
  std::string name_of(GoalId goal) const;
  NodeId value(GoalId goal);

  // One node per language and way to write it.
  NodeId node_of(Use use, const regular::Automaton& language,
                 const std::function<grammar::Dfa()>& make);
  NodeId number(const Shape& shape);
  NodeId text(const Shape& shape);

  NodeId array(const Shape& shape);
  NodeId items(const Shape& shape);
  NodeId counted_array(const Shape& shape);

  void object(const Shape& shape, std::vector<NodeId>& options);
  Keys listed_keys(const Shape& shape);
  regular::Automaton with_other_keys(const Shape& shape, Keys& keys);
  void add_alternatives(const Shape& shape, const Keys& keys, grammar::Object object,
                        std::vector<NodeId>& options);

  Shapes& shapes_;
  const bool answers_, listed_;
  const Spelling spelling_;
  grammar::Syntax syntax_;
  std::map<GoalId, std::uint32_t> rules_;
  std::vector<GoalId> waiting_;
  std::map<ContentKey, std::optional<NodeId>> automata_;
  // Shapes, which has the languages, outlives this.
  std::map<std::pair<Use, const regular::Automaton*>, std::optional<NodeId>> by_address_;
  // By the node of a character and bounds.
  std::map<std::tuple<NodeId, std::size_t, std::optional<std::size_t>>, std::optional<NodeId>>
      texts_;
  NodeId empty_ = 0, space_ = 0, comma_ = 0, colon_ = 0;
};

}  // namespace quipu::schema
