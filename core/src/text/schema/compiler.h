// Goals become rules, shapes become nodes.
#pragma once

#include <cstdint>
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
  using ContentKey = std::vector<std::int64_t>;
  struct Member;

  NodeId sequence(std::initializer_list<NodeId> parts);
  NodeId choice(const std::vector<NodeId>& options);
  NodeId repeat(NodeId child, std::size_t least, std::optional<std::size_t> most);

  NodeId rule_of(GoalId goal);
  std::string name_of(GoalId goal) const;
  NodeId value(GoalId goal);

  template <class Make>
  NodeId shared(std::int64_t use, const regular::Automaton& language, Make make);
  NodeId number(const Shape& shape);
  NodeId text(const Shape& shape);

  NodeId array(const Shape& shape);
  NodeId items(const Shape& shape);
  NodeId counted_array(const Shape& shape);

  void object(const Shape& shape, std::vector<NodeId>& options);
  void add_alternatives(const Shape& shape, const std::vector<Member>& members,
                        grammar::Object object, std::vector<NodeId>& options);

  Shapes& shapes_;
  const bool answers_, listed_;
  const Spelling spelling_;
  grammar::Syntax syntax_;
  std::map<GoalId, std::uint32_t> rules_;
  std::vector<GoalId> waiting_;
  std::map<ContentKey, std::optional<NodeId>> automata_;
  // Shapes, which has the languages, outlives this.
  std::map<std::pair<std::int64_t, const regular::Automaton*>, std::optional<NodeId>> by_address_;
  // By the node of a character and bounds.
  std::map<std::tuple<NodeId, std::size_t, std::optional<std::size_t>>, std::optional<NodeId>>
      texts_;
  NodeId empty_ = 0, space_ = 0, comma_ = 0, colon_ = 0;
};

}  // namespace quipu::schema
