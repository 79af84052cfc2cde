// Bounds and divisors of numbers.
#include "text/schema/branch.h"
#include "text/schema/numbers.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

using regular::Automaton;

Automaton Shapes::numbers(Keyword keyword, ValueId value) {
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

}  // namespace quipu::schema
