// Conditions are added to branches: schemas keyword by keyword, their opposites as choices.
#include <algorithm>

#include "quipu/error.h"
#include "text/schema/branch.h"
#include "text/schema/shapes.h"

namespace quipu::schema {
namespace {

constexpr std::size_t most_in_place = 400;         // calls of apply() in each other
constexpr std::size_t largest_count = 0xFFFFFFFF;  // larger ones count as this: none is reached

// The kind of value that a keyword is about; absent: any.
std::optional<Kind> kind_of(Keyword keyword) {
  switch (keyword) {
  case Keyword::ref:
  case Keyword::all_of:
  case Keyword::any_of:
  case Keyword::one_of:
  case Keyword::not_:
  case Keyword::if_:
  case Keyword::type:
  case Keyword::enumeration:
  case Keyword::constant:
    return std::nullopt;
  case Keyword::minimum:
  case Keyword::maximum:
  case Keyword::exclusive_minimum:
  case Keyword::exclusive_maximum:
  case Keyword::multiple_of:
    return Kind::number;
  case Keyword::min_length:
  case Keyword::max_length:
  case Keyword::pattern:
  case Keyword::format:
    return Kind::string;
  case Keyword::prefix_items:
  case Keyword::items:
  case Keyword::contains:
  case Keyword::min_items:
  case Keyword::max_items:
  case Keyword::unique_items:
    return Kind::array;
  case Keyword::properties:
  case Keyword::pattern_properties:
  case Keyword::additional_properties:
  case Keyword::property_names:
  case Keyword::required:
  case Keyword::min_properties:
  case Keyword::max_properties:
  case Keyword::dependent_required:
  case Keyword::dependent_schemas:
    return Kind::object;
  }
  return std::nullopt;
}

}  // namespace

void Shapes::add_choice(Branch& branch, Choice choice) {
  if (choice.empty()) {
    branch.dead = true;
  } else if (choice.size() == 1) {
    choice[0](branch);
  } else {
    branch.choices.push_back(std::make_shared<const Choice>(std::move(choice)));
    branch.changed = true;
  }
}

// As deep as schemas stand in each other in place.
void Shapes::apply(Branch& branch, Literal literal) {
  if (branch.dead || literal.what == Literal::What::anything) return;
  if (literal.what == Literal::What::never) {
    branch.dead = true;
    return;
  }
  if (!branch.done.insert(literal).second) return;
  step(1);
  if (++in_place_ > most_in_place)
    throw Error(ErrorCode::invalid, "JSON schema: " + document_.pointer(literal.value) +
                                        ": expected schemas that apply to one value to refer to "
                                        "each other at most " +
                                        std::to_string(most_in_place) + " deep");
  if (branch.done.contains(opposite(literal)))
    branch.dead = true;
  else if (literal.what == Literal::What::constant)
    apply_constant(branch, literal.value, literal.negated);
  else if (literal.negated)
    deny_schema(branch, literal.value);
  else
    assert_schema(branch, literal.value);
  --in_place_;
}

void Shapes::assert_schema(Branch& branch, ValueId id) {
  const Schema& schema = schemas_.at(id);
  if (schema.refuses) branch.dead = true;
  for (const auto& [keyword, value] : schema.keywords) {
    if (branch.dead) return;
    assert_keyword(branch, id, keyword, value);
  }
  if (!branch.is(Kind::object) || branch.dead) return;
  auto own = members(id);
  if (own->named.empty() && own->patterns.empty() && !own->names_rest) return;
  branch.add(std::move(own));
}

void Shapes::deny_schema(Branch& branch, ValueId id) {
  const Schema& schema = schemas_.at(id);
  if (schema.refuses) return;
  Choice choice;
  for (const auto& [keyword, value] : schema.keywords)
    deny_keyword(branch.shape.kind, id, keyword, value, choice);
  add_choice(branch, std::move(choice));
}

void Shapes::assert_keyword(Branch& branch, ValueId id, Keyword keyword, ValueId value) {
  const std::optional<Kind> kind = kind_of(keyword);
  if (!kind) return assert_of_any(branch, id, keyword, value);
  if (!branch.is(*kind)) return;
  if (kind == Kind::number) return assert_of_number(branch, keyword, value);
  if (kind == Kind::string) return assert_of_string(branch, id, keyword, value);
  if (kind == Kind::array) return assert_of_array(branch, id, keyword, value);
  assert_of_object(branch, keyword, value);
}

void Shapes::deny_keyword(Kind kind, ValueId id, Keyword keyword, ValueId value, Choice& choice) {
  const std::optional<Kind> own = kind_of(keyword);
  if (!own) return deny_of_any(kind, id, keyword, value, choice);
  if (kind != own) return;
  if (kind == Kind::number) return deny_of_number(keyword, value, choice);
  if (kind == Kind::string) return deny_of_string(id, keyword, value, choice);
  if (kind == Kind::array) return deny_of_array(id, keyword, value, choice);
  deny_of_object(id, keyword, value, choice);
}

void Shapes::refuse_to_deny(ValueId id, const std::string& name) const {
  throw Error(ErrorCode::unsupported, schemas_.where(id, name) + ": what does not match " + name +
                                          " cannot be said exactly");
}

void Shapes::restrict_language(Branch& branch, const Language& language) {
  auto& own = branch.shape.language;
  own = own ? shared(regular::intersection(*own, *language, budget_)) : language;
  branch.changed = true;
  if (own->empty()) branch.dead = true;
}

std::size_t Shapes::count(ValueId value) const {
  const Decimal number = Decimal::of(document_[value].text);
  if (number.zero()) return 0;
  if (number.digits.size() + static_cast<std::size_t>(number.exponent) > 10) return largest_count;
  return std::min<std::size_t>(std::stoull(number.plain()), largest_count);
}

}  // namespace quipu::schema
