// Bounds and divisors of numbers.
#include "text/schema/branch.h"
#include "text/schema/numbers.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

regular::Automaton Shapes::numbers(Keyword keyword, ValueId value) {
  const Decimal bound = Decimal::of(document_[value].text);
  const std::string where = "JSON schema: " + document_.pointer(value);
  switch (keyword) {
  case Keyword::minimum:
    return compared(Relation::at_least, bound, where, budget_);
  case Keyword::maximum:
    return compared(Relation::at_most, bound, where, budget_);
  case Keyword::exclusive_minimum:
    return compared(Relation::greater, bound, where, budget_);
  case Keyword::exclusive_maximum:
    return compared(Relation::less, bound, where, budget_);
  default:
    return multiples(bound, where, budget_);
  }
}

void Shapes::assert_of_number(Branch& branch, Keyword keyword, ValueId value) {
  restrict_language(branch, shared(numbers(keyword, value)));
}

void Shapes::deny_of_number(Keyword keyword, ValueId value, Choice& choice) {
  choice.push_back([this, keyword, value](Branch& branch) {
    restrict_language(branch, shared(other_numbers(numbers(keyword, value), budget_)));
  });
}

}  // namespace quipu::schema
