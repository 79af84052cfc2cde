// Keywords that schemas of any kind of value have: other schemas for the same value, types, values.
#include <span>

#include "text/schema/branch.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

Option Shapes::all_of(std::vector<Literal> literals) {
  return [this, literals = std::move(literals)](Branch& branch) {
    for (const Literal& each : literals) apply(branch, each);
  };
}

void Shapes::assert_of_any(Branch& branch, ValueId id, Keyword keyword, ValueId value) {
  const Value& said = document_[value];
  switch (keyword) {
  case Keyword::ref:
    return apply(branch, schema_of(value));
  case Keyword::all_of:
    for (const ValueId each : said.children) apply(branch, schema_of(each));
    return;
  case Keyword::any_of: {
    Choice choice;
    for (const ValueId each : said.children) choice.push_back(all_of({schema_of(each)}));
    return add_choice(branch, std::move(choice));
  }
  case Keyword::one_of:
    return assert_one_of(branch, value);
  case Keyword::not_:
    return apply(branch, schema_of(value, true));
  case Keyword::if_: {
    const ValueId then = document_.find(id, "then"), otherwise = document_.find(id, "else");
    if (then == no_value && otherwise == no_value) return;
    const auto or_anything = [](ValueId schema) {
      return schema == no_value ? anything : schema_of(schema);
    };
    return add_choice(branch, {all_of({schema_of(value), or_anything(then)}),
                               all_of({schema_of(value, true), or_anything(otherwise)})});
  }
  case Keyword::type:
    return apply_types(branch, value, false);
  case Keyword::enumeration:
    return apply_values(branch, said.children, false, value);
  case Keyword::constant:
    return apply_values(branch, std::span(&value, 1), false, value);
  default:
    return;
  }
}

void Shapes::deny_of_any(Kind kind, ValueId id, Keyword keyword, ValueId value, Choice& choice) {
  const Value& said = document_[value];
  switch (keyword) {
  case Keyword::ref:
    return choice.push_back(all_of({schema_of(value, true)}));
  case Keyword::all_of:
    for (const ValueId each : said.children) choice.push_back(all_of({schema_of(each, true)}));
    return;
  case Keyword::any_of:
  case Keyword::one_of: {
    std::vector<Literal> none;
    for (const ValueId each : said.children) none.push_back(schema_of(each, true));
    if (keyword == Keyword::one_of)  // or two of them
      for (std::size_t i = 0; i < said.children.size(); ++i)
        for (std::size_t k = 0; k < i; ++k) {
          step(1);
          const Literal a = schema_of(said.children[i]), b = schema_of(said.children[k]);
          if (!apart(a, b, kind)) choice.push_back(all_of({a, b}));
        }
    return choice.push_back(all_of(std::move(none)));
  }
  case Keyword::not_:
    return choice.push_back(all_of({schema_of(value)}));
  case Keyword::if_: {
    const ValueId then = document_.find(id, "then"), otherwise = document_.find(id, "else");
    if (then != no_value) choice.push_back(all_of({schema_of(value), schema_of(then, true)}));
    if (otherwise != no_value)
      choice.push_back(all_of({schema_of(value, true), schema_of(otherwise, true)}));
    return;
  }
  case Keyword::type:
    return choice.push_back([this, value](Branch& branch) { apply_types(branch, value, true); });
  case Keyword::enumeration:
    return choice.push_back([this, value](Branch& branch) {
      apply_values(branch, document_[value].children, true, value);
    });
  case Keyword::constant:
    return choice.push_back(
        [this, value](Branch& branch) { apply_values(branch, std::span(&value, 1), true, value); });
  default:
    return;
  }
}

// Each branch of the choice without the overlap with the others.
void Shapes::assert_one_of(Branch& branch, ValueId value) {
  const Kind kind = branch.shape.kind;
  std::vector<Literal> options;
  for (const ValueId each : document_[value].children)
    if (!surely_empty(goal({schema_of(each)}), kind)) options.push_back(schema_of(each));
  Choice choice;
  for (std::size_t i = 0; i < options.size(); ++i) {
    std::vector<Literal> all{options[i]};
    for (std::size_t k = 0; k < options.size(); ++k)
      if (k != i && !apart(options[i], options[k], kind)) all.push_back(opposite(options[k]));
    choice.push_back(all_of(std::move(all)));
  }
  add_choice(branch, std::move(choice));
}

}  // namespace quipu::schema
