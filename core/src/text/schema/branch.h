// An alternative under way, and the options that its choices are made of.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "text/schema/shapes.h"

namespace quipu::schema {

/// What is settled of one alternative, and the choices that are not.
struct Branch {
  Shape shape;
  std::set<Literal> done;
  std::vector<std::shared_ptr<const Choice>> choices;
  bool dead = false;
  bool changed = false;  ///< anything beside `done`, since it was last reset

  bool is(Kind kind) const { return shape.kind == kind; }
  /// What a copy costs, in steps.
  std::size_t size() const;
  void at_least(std::size_t least);
  void at_most(std::size_t most);
  void add(Items items);
  void add(Contains contains);
  void add(std::shared_ptr<const Members> members);
  void require(const std::string& key);
};

inline Literal schema_of(ValueId id, bool negated = false) {
  return {id, Literal::What::schema, negated};
}
inline Literal constant_of(ValueId id, bool negated = false) {
  return {id, Literal::What::constant, negated};
}

inline Language shared(regular::Automaton language) {
  return std::make_shared<const regular::Automaton>(std::move(language));
}

/// More code points, items or members than this.
Option more_than(std::size_t count);
/// Adds the option of fewer than this; there is none when the count is 0.
void add_fewer_than(std::size_t count, Choice& choice);
/// An item at the index, which matches.
Option with_item(std::size_t index, Literal literal);
/// A member of this name, which matches.
Option with_member(const std::string& key, Literal literal);
Option without_member(const std::string& key);

}  // namespace quipu::schema
