// An alternative under way, and how its conditions are made.
#pragma once

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "text/schema/shapes.h"

namespace quipu::schema {

inline Literal schema_of(ValueId id, bool negated = false) {
  return {id, Literal::What::schema, negated};
}
inline Literal constant_of(ValueId id, bool negated = false) {
  return {id, Literal::What::constant, negated};
}

inline Language shared(regular::Automaton language) {
  return std::make_shared<const regular::Automaton>(std::move(language));
}

// One alternative under way: what is settled, and choices that are not.
struct Shapes::Branch {
  Shape shape;
  std::set<Literal> done;
  std::vector<std::shared_ptr<const Choice>> choices;
  bool dead = false;
  bool changed = false;  // anything beside `done`, since it was last reset

  bool is(Kind kind) const { return shape.kind == kind; }
  /// What a copy costs, in steps.
  std::size_t size() const {
    return 1 + (choices.size() + done.size() + shape.items.size() + shape.members.size() +
                shape.required.size() + shape.contains.size()) /
                   8;
  }
  void at_least(std::size_t least) {
    if (least <= shape.least) return;
    shape.least = least;
    changed = true;
    if (shape.most && shape.least > *shape.most) dead = true;
  }
  void at_most(std::size_t most) {
    if (shape.most && *shape.most <= most) return;
    shape.most = most;
    changed = true;
    if (shape.least > *shape.most) dead = true;
  }
};

}  // namespace quipu::schema
