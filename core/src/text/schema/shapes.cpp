// Goals unfold into branches; a branch splits until each of its choices is made.
#include "text/schema/shapes.h"

#include <algorithm>

#include "quipu/error.h"
#include "text/schema/branch.h"
#include "text/schema/set_of_characters.h"

namespace quipu::schema {

using regular::Automaton;

Shapes::Shapes(const Schemas& schemas, regular::Budget& budget)
    : schemas_(schemas), document_(schemas.document()), budget_(budget) {}

void Shapes::step(std::size_t cost) {
  if ((steps_ += cost) > most_steps)
    throw Error(ErrorCode::invalid,
                "JSON schema: too much: its alternatives combine in too many ways");
}

const std::vector<Shape>& Shapes::of(GoalId goal, Kind kind) {
  const std::pair key{goal, kind};
  if (const auto known = known_.find(key); known != known_.end()) return *known->second;
  open_.insert(key);
  auto shapes = std::make_unique<const std::vector<Shape>>(expand(goal, kind));
  open_.erase(key);
  return *known_.emplace(key, std::move(shapes)).first->second;
}

std::vector<Shape> Shapes::expand(GoalId goal, Kind kind) {
  std::vector<Shape> out;
  std::vector<Branch> waiting(1);
  waiting[0].shape.kind = kind;
  for (const Literal& literal : literals(goal)) apply(waiting[0], literal);
  while (!waiting.empty()) {
    Branch branch = std::move(waiting.back());
    waiting.pop_back();
    step(1);
    if (branch.dead || !settle(branch, waiting) || !finish(branch.shape)) continue;
    if (kind <= Kind::true_ && !out.empty()) continue;
    if (kind == Kind::number && !out.empty()) {  // one language
      if (out[0].language && branch.shape.language)
        out[0].language =
            shared(regular::either(*out[0].language, *branch.shape.language, budget_));
      else
        out[0].language = nullptr;
      continue;
    }
    out.push_back(std::move(branch.shape));
    if (out.size() > most_shapes || waiting.size() > most_shapes)
      throw Error(ErrorCode::invalid,
                  "JSON schema: too much: its alternatives combine in more than " +
                      std::to_string(most_shapes) + " ways for one value");
  }
  return out;
}

// Works the branch's choices off. False when nothing is left of it, or when it was split into
// others that now wait.
bool Shapes::settle(Branch& branch, std::vector<Branch>& waiting) {
  for (bool again = true; again;) {
    again = false;
    std::vector<Branch> fewest;
    for (std::size_t i = 0; i < branch.choices.size();) {
      const auto choice = branch.choices[i];
      Branch without = branch;
      without.choices.erase(without.choices.begin() + static_cast<std::ptrdiff_t>(i));
      std::vector<Branch> alive;
      bool satisfied = false;
      for (const Option& option : *choice) {
        step(without.size());
        Branch with = without;
        with.changed = false;
        option(with);
        if (with.dead) continue;
        satisfied = !with.changed;
        if (satisfied) break;
        alive.push_back(std::move(with));
      }
      if (satisfied) {
        branch = std::move(without);
        continue;
      }
      if (alive.empty()) return false;
      if (alive.size() == 1) {
        branch = std::move(alive[0]);
        again = true;
        continue;
      }
      if (fewest.empty() || alive.size() < fewest.size()) fewest = std::move(alive);
      ++i;
    }
    if (again || fewest.empty()) continue;
    for (Branch& each : fewest) waiting.push_back(std::move(each));
    return false;
  }
  return true;
}

// Brings a shape into the form that Shape promises; false when it has no value.
bool Shapes::finish(Shape& shape) {
  if (shape.most && shape.least > *shape.most) return false;
  if (shape.language && shape.language->empty()) return false;
  if (shape.kind != Kind::string || !shape.language) return true;
  regular::Lengths own = regular::lengths(*shape.language);
  if (auto set = set_of_characters(*shape.language)) {
    shape.least = std::max(shape.least, set->lengths.least);
    if (set->lengths.most) shape.most = std::min(shape.most.value_or(*own.most), *own.most);
    shape.language = shared(std::move(set->any_number));
    return !shape.most || shape.least <= *shape.most;
  }
  const bool fits =
      own.least >= shape.least && (!shape.most || (own.most && own.most <= *shape.most));
  if (!fits) {
    const Automaton bounds = regular::of_length(shape.least, shape.most, budget_);
    shape.language = shared(regular::intersection(*shape.language, bounds, budget_));
  }
  shape.least = 0;
  shape.most = std::nullopt;
  return !shape.language->empty();
}

}  // namespace quipu::schema
