// Works off the goals that rules are needed for, one rule each.
#include "text/schema/compile.h"

#include "quipu/error.h"
#include "text/grammar/compile.h"
#include "text/grammar/facts.h"
#include "text/schema/compiler.h"
#include "text/schema/layout.h"

namespace quipu::schema {
namespace {

using grammar::NodeId;

// Cells of all automata of a schema; about half a second.
constexpr std::size_t most_cells = 20'000'000;

}  // namespace

Compiler::Compiler(Shapes& shapes, const SchemaOptions& options)
    : shapes_(shapes), answers_(options.layout == SchemaOptions::Layout::compact_or_indented),
      listed_(options.order == SchemaOptions::Order::as_listed),
      spelling_(answers_ ? Spelling::plain : Spelling::any) {
  empty_ = syntax_.add_bytes("");
  space_ = syntax_.add_automaton(white_space("", options.layout));
  comma_ = syntax_.add_automaton(white_space(",", options.layout));
  colon_ = syntax_.add_automaton(colon(options.layout));
}

grammar::Syntax Compiler::compile() {
  const NodeId root = rule_of(shapes_.goal({{Document::root}}));
  while (!waiting_.empty()) {
    const GoalId goal = waiting_.back();
    waiting_.pop_back();
    syntax_.rules[rules_.at(goal)].body = value(goal);
    if (syntax_.nodes.size() > grammar::Budget::nodes)
      throw Error(ErrorCode::invalid, "JSON schema: too much: its grammar has more than " +
                                          std::to_string(grammar::Budget::nodes) + " parts");
  }
  syntax_.root = answers_ ? root : sequence({space_, root, space_});
  return std::move(syntax_);
}

NodeId Compiler::sequence(std::initializer_list<NodeId> parts) {
  return syntax_.add_sequence(std::span(parts.begin(), parts.size()));
}
NodeId Compiler::choice(const std::vector<NodeId>& options) {
  return options.size() == 1 ? options[0] : syntax_.add_choice(options);
}

NodeId Compiler::repeat(NodeId child, std::size_t least, std::optional<std::size_t> most) {
  if (least >= grammar::unbounded)
    throw Error(ErrorCode::invalid,
                "JSON schema: expected a minimum below " + std::to_string(grammar::unbounded));
  return syntax_.add_repeat(child, static_cast<std::uint32_t>(least),
                            most && *most < grammar::unbounded ? static_cast<std::uint32_t>(*most)
                                                               : grammar::unbounded);
}

NodeId Compiler::rule_of(GoalId goal) {
  const auto [place, fresh] =
      rules_.try_emplace(goal, static_cast<std::uint32_t>(syntax_.rules.size()));
  if (fresh) {
    syntax_.rules.push_back({name_of(goal), grammar::no_node, 0});
    waiting_.push_back(goal);
  }
  return syntax_.add_rule(place->second);
}

std::string Compiler::name_of(GoalId goal) const {
  std::string out;
  for (const Literal& each : shapes_.literals(goal)) {
    if (!out.empty()) out += " and ";
    if (each.negated) out += "not ";
    out += each.value == no_value ? "nothing" : shapes_.schemas().document().pointer(each.value);
    if (out.size() > 200) break;
  }
  return out.empty() ? "anything" : out;
}

NodeId Compiler::value(GoalId goal) {
  std::vector<NodeId> options;
  for (std::size_t kind = 0; kind < kinds; ++kind)
    for (const Shape& shape : shapes_.of(goal, static_cast<Kind>(kind))) {
      switch (shape.kind) {
      case Kind::null:
        options.push_back(syntax_.add_bytes("null"));
        break;
      case Kind::false_:
        options.push_back(syntax_.add_bytes("false"));
        break;
      case Kind::true_:
        options.push_back(syntax_.add_bytes("true"));
        break;
      case Kind::number:
        options.push_back(number(shape));
        break;
      case Kind::string:
        options.push_back(text(shape));
        break;
      case Kind::array:
        options.push_back(array(shape));
        break;
      case Kind::object:
        object(shape, options);
        break;
      }
    }
  return choice(options);
}

grammar::Syntax compile(std::string_view schema, const SchemaOptions& options) {
  const Document document = Document::parse(schema);
  const Schemas schemas(document);
  regular::Budget budget(most_cells, "JSON schema");
  Shapes shapes(schemas, budget);
  return Compiler(shapes, options).compile();
}

}  // namespace quipu::schema

namespace quipu {

std::shared_ptr<const Grammar> Grammar::from_json_schema(std::string_view schema,
                                                         SchemaOptions options) {
  const grammar::Syntax syntax = schema::compile(schema, options);
  if (!grammar::find_facts(syntax).productive[syntax.root])
    throw Error(ErrorCode::invalid,
                "JSON schema: expected one that some value satisfies, found one that none does");
  return grammar::compile(syntax);
}

}  // namespace quipu
