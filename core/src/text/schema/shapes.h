// What schemas describe: for every kind of value a union of shapes.
//
// A goal is what a value must satisfy: schemas that it must and that it must not match, all at
// once. Expanding a goal for a kind of value unfolds their keywords into alternatives whose
// conditions are all of one kind: a set of numbers, a language of texts, what stands where in an
// array, what an object's members are. Members and items are goals again.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "text/regular/automaton.h"
#include "text/schema/schemas.h"

namespace quipu::schema {

enum class Kind : std::uint8_t { null, false_, true_, number, string, array, object };
inline constexpr std::size_t kinds = 7;

/// A value matches a schema or does not, or equals a constant or does not.
struct Literal {
  ValueId value = no_value;
  enum class What : std::uint8_t { schema, constant, anything, never } what = What::schema;
  bool negated = false;
  auto operator<=>(const Literal&) const = default;
};
inline constexpr Literal anything{no_value, Literal::What::anything};
inline constexpr Literal never{no_value, Literal::What::never};
inline Literal opposite(Literal literal) {
  literal.negated = !literal.negated;
  return literal;
}

using GoalId = std::uint32_t;
using Language = std::shared_ptr<const regular::Automaton>;

/// What one schema says about the members of an object.
struct Members {
  std::vector<std::pair<std::string, Literal>> named;  ///< as listed
  std::vector<std::pair<Language, Literal>> patterns;
  Literal rest = anything;                                  ///< of keys that neither of these has
  bool names_rest = false;                                  ///< the schema has additionalProperties
  std::map<std::string, std::size_t, std::less<>> by_name;  ///< where in `named`

  void add(const std::string& name, Literal literal);
  const Literal* find(const std::string& name) const;
};

struct Items {
  std::vector<Literal> prefix;
  Literal rest = anything;
};

/// At least and at most so many items from an index on match.
struct Contains {
  Literal item;
  std::size_t from = 0, least = 1;
  std::optional<std::size_t> most;
  std::string where;
};

struct Shape {
  Kind kind = Kind::null;
  Language language;  ///< of texts or numbers; absent: all
  /// Code points, items or members. A shape of strings has a language or bounds, or a language of
  /// all texts over a set of characters and bounds.
  std::size_t least = 0;
  std::optional<std::size_t> most;

  std::vector<Items> items;
  std::vector<Contains> contains;

  std::vector<std::shared_ptr<const Members>> members;
  std::set<std::string> required;
  std::vector<Literal> names;     ///< what every key matches
  std::vector<Language> present;  ///< some member's key is in each of these
};

struct Branch;
/// Adds conditions to a branch.
using Option = std::function<void(Branch&)>;
/// At least one of these holds.
using Choice = std::vector<Option>;

class Shapes {
 public:
  static constexpr std::size_t most_goals = 20'000;
  static constexpr std::size_t most_shapes = 4'096;  ///< of one goal and kind
  static constexpr std::size_t most_steps = 1'000'000;

  /// All must outlive the shapes.
  Shapes(const Schemas& schemas, regular::Budget& budget);

  GoalId goal(std::vector<Literal> literals);
  const std::vector<Literal>& literals(GoalId goal) const { return *goals_[goal]; }
  /// Throws unsupported for what cannot be said exactly, invalid beyond the budgets.
  const std::vector<Shape>& of(GoalId goal, Kind kind);

  /// What the item at the index has to match.
  GoalId item_goal(const Shape& array, std::size_t index);
  /// What the member of this name has to match; nothing does when the name is not allowed.
  GoalId member_goal(const Shape& object, const std::string& name);
  /// The texts that a goal allows.
  Language texts(GoalId goal);
  /// Whether nothing satisfies the goal. What is not found out within a few levels counts as not
  /// empty.
  bool surely_empty(GoalId goal);

  regular::Budget& budget() noexcept { return budget_; }
  const Schemas& schemas() const noexcept { return schemas_; }

 private:
  std::vector<Shape> expand(GoalId goal, Kind kind);
  bool settle(Branch& branch, std::vector<Branch>& waiting);
  bool finish(Shape& shape);
  void add_choice(Branch& branch, Choice choice);
  void apply(Branch& branch, Literal literal);
  void assert_schema(Branch& branch, ValueId id);
  void deny_schema(Branch& branch, ValueId id);
  void restrict_language(Branch& branch, const Language& language);

  // Assert adds what the keyword of the schema `id` says; deny adds, as options, what makes it
  // false: none, when that cannot be for values of the kind.
  void assert_keyword(Branch& branch, ValueId id, Keyword keyword, ValueId value);
  void deny_keyword(Kind kind, ValueId id, Keyword keyword, ValueId value, Choice& choice);
  void assert_of_any(Branch& branch, ValueId id, Keyword keyword, ValueId value);
  void deny_of_any(Kind kind, ValueId id, Keyword keyword, ValueId value, Choice& choice);
  void assert_of_number(Branch& branch, Keyword keyword, ValueId value);
  void deny_of_number(Keyword keyword, ValueId value, Choice& choice);
  void assert_of_string(Branch& branch, ValueId id, Keyword keyword, ValueId value);
  void deny_of_string(ValueId id, Keyword keyword, ValueId value, Choice& choice);
  void assert_of_array(Branch& branch, ValueId id, Keyword keyword, ValueId value);
  void deny_of_array(ValueId id, Keyword keyword, ValueId value, Choice& choice);
  void assert_of_object(Branch& branch, Keyword keyword, ValueId value);
  void deny_of_object(ValueId id, Keyword keyword, ValueId value, Choice& choice);
  [[noreturn]] void refuse_to_deny(ValueId id, const std::string& name) const;

  Option all_of(std::vector<Literal> literals);
  void assert_one_of(Branch& branch, ValueId value);
  void apply_types(Branch& branch, ValueId value, bool negated);
  void apply_values(Branch& branch, std::span<const ValueId> values, bool negated, ValueId schema);
  void apply_constant(Branch& branch, ValueId value, bool negated);

  regular::Automaton numbers(Keyword keyword, ValueId value);
  Language language(ValueId id, Keyword keyword, ValueId value);
  std::shared_ptr<const Members> members(ValueId id);
  std::size_t count(ValueId value) const;
  bool apart(Literal a, Literal b, Kind kind);
  bool surely_empty(GoalId goal, Kind kind);
  void step(std::size_t cost);

  const Schemas& schemas_;
  const Document& document_;
  regular::Budget& budget_;
  std::map<std::vector<Literal>, GoalId> ids_;
  std::vector<const std::vector<Literal>*> goals_;
  std::map<std::pair<GoalId, Kind>, std::unique_ptr<const std::vector<Shape>>> known_;
  std::set<std::pair<GoalId, Kind>> open_;  // being expanded
  std::map<std::pair<GoalId, Kind>, bool> empty_;
  std::map<GoalId, Language> texts_;
  std::map<ValueId, std::shared_ptr<const Members>> members_;
  std::map<std::pair<Keyword, std::string>, Language> languages_;  // of pattern and format
  std::size_t steps_ = 0, depth_ = 0, in_place_ = 0;
};

}  // namespace quipu::schema
