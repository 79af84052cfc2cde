// Goals: one number for the same conditions in any order, those of items and members, and which
// goals nothing satisfies.
#include <algorithm>

#include "quipu/error.h"
#include "text/regular/code_points.h"
#include "text/schema/branch.h"
#include "text/schema/shapes.h"

namespace quipu::schema {
namespace {

using regular::Automaton;

constexpr std::size_t most_depth = 24;  // of goals in goals that surely_empty() looks into

}  // namespace

GoalId Shapes::goal(std::vector<Literal> literals) {
  std::vector<Literal> kept;
  for (Literal each : literals) {
    // A schema that is only a reference is what it refers to.
    while (each.what == Literal::What::schema) {
      const Schema& schema = schemas_.at(each.value);
      if (schema.keywords.size() == 1 && schema.keywords[0].first == Keyword::ref)
        each.value = schema.keywords[0].second;
      else
        break;
    }
    if (each.what == Literal::What::schema && schemas_.at(each.value).keywords.empty())
      each = schemas_.at(each.value).refuses != each.negated ? never : anything;
    if (each.what == Literal::What::anything) continue;
    if (each.what == Literal::What::never) {
      kept = {never};
      break;
    }
    kept.push_back(each);
  }
  std::ranges::sort(kept);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  const auto [place, fresh] = ids_.try_emplace(std::move(kept), static_cast<GoalId>(goals_.size()));
  if (fresh) {
    if (goals_.size() >= most_goals)
      throw Error(ErrorCode::invalid, "JSON schema: too much: its schemas combine in more than " +
                                          std::to_string(most_goals) + " ways");
    goals_.push_back(&place->first);
  }
  return place->second;
}

GoalId Shapes::item_goal(const Shape& array, std::size_t index) {
  std::vector<Literal> all;
  for (const Items& each : array.items)
    all.push_back(index < each.prefix.size() ? each.prefix[index] : each.rest);
  return goal(std::move(all));
}

GoalId Shapes::member_goal(const Shape& object, const std::string& name) {
  std::vector<Literal> all;
  const std::u32string points = regular::code_points(name);
  for (const auto& each : object.members) {
    bool listed = false;
    if (const Literal* own = each->find(name)) {
      all.push_back(*own);
      listed = true;
    }
    for (const auto& [keys, literal] : each->patterns)
      if (keys->contains(points)) {
        all.push_back(literal);
        listed = true;
      }
    if (!listed) all.push_back(each->rest);
  }
  for (const Literal& each : object.names)
    if (!texts(goal({each}))->contains(points)) return goal({never});
  return goal(std::move(all));
}

Language Shapes::texts(GoalId goal) {
  if (const auto known = texts_.find(goal); known != texts_.end()) return known->second;
  Automaton all = regular::nothing();
  for (const Shape& shape : of(goal, Kind::string)) {
    Automaton one = shape.language ? *shape.language : regular::everything();
    if (shape.least > 0 || shape.most)
      one =
          regular::intersection(one, regular::of_length(shape.least, shape.most, budget_), budget_);
    all = regular::either(all, one, budget_);
  }
  return texts_[goal] = shared(std::move(all));
}

bool Shapes::apart(Literal a, Literal b, Kind kind) {
  return surely_empty(goal({a, b}), kind);
}

bool Shapes::surely_empty(GoalId goal) {
  for (std::size_t kind = 0; kind < kinds; ++kind)
    if (!surely_empty(goal, static_cast<Kind>(kind))) return false;
  return true;
}

bool Shapes::surely_empty(GoalId goal, Kind kind) {
  const std::pair key{goal, kind};
  if (const auto known = empty_.find(key); known != empty_.end()) return known->second;
  if (open_.contains(key) || depth_ >= most_depth) return false;
  ++depth_;
  empty_[key] = false;  // while this is found out
  const auto vain = [&](const Shape& shape) {
    step(1);
    if (kind == Kind::array) {
      std::size_t indices = 1;
      for (const Items& each : shape.items) indices = std::max(indices, each.prefix.size() + 1);
      for (std::size_t i = 0; i < std::min(shape.least, indices); ++i)
        if (surely_empty(item_goal(shape, i))) return true;
    }
    if (kind == Kind::object)
      for (const std::string& name : shape.required)
        if (surely_empty(member_goal(shape, name))) return true;
    return false;
  };
  const bool empty = std::ranges::all_of(of(goal, kind), vain);
  --depth_;
  return empty_[key] = empty;
}

}  // namespace quipu::schema
