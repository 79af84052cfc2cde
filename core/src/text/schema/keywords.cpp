// What each keyword asks of a value, and what makes it false.
#include <algorithm>

#include "quipu/error.h"
#include "text/regular/code_points.h"
#include "text/schema/branch.h"
#include "text/schema/numbers.h"
#include "text/schema/shapes.h"

namespace quipu::schema {
namespace {

using regular::Automaton;

constexpr std::size_t most_in_place = 400;      // calls of apply() in each other
constexpr std::size_t most_count = 0xFFFFFFFE;  // of items, members and characters

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
  Literal opposite = literal;
  opposite.negated = !opposite.negated;
  if (branch.done.contains(opposite))
    branch.dead = true;
  else if (literal.what == Literal::What::constant)
    apply_constant(branch, literal.value, literal.negated);
  else if (literal.negated)
    deny_schema(branch, literal.value);
  else
    apply_schema(branch, literal.value);
  --in_place_;
}

void Shapes::apply_schema(Branch& branch, ValueId id) {
  const Schema& schema = schemas_.at(id);
  if (schema.refuses) branch.dead = true;
  for (const auto& [keyword, value] : schema.keywords) {
    if (branch.dead) return;
    assert_keyword(branch, id, keyword, value);
  }
  if (!branch.is(Kind::object) || branch.dead) return;
  const auto own = members(id);
  if (own->named.empty() && own->patterns.empty() && !own->names_rest) return;
  branch.shape.members.push_back(own);
  branch.changed = true;
}

void Shapes::deny_schema(Branch& branch, ValueId id) {
  const Schema& schema = schemas_.at(id);
  if (schema.refuses) return;
  Choice choice;
  for (const auto& [keyword, value] : schema.keywords)
    deny_keyword(branch, id, keyword, value, choice);
  add_choice(branch, std::move(choice));
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
  if (number.digits.size() + static_cast<std::size_t>(number.exponent) > 10) return most_count + 1;
  return std::min<std::size_t>(std::stoull(number.plain()), most_count + 1);
}

void Shapes::apply_one_of(Branch& branch, ValueId value) {
  const Kind kind = branch.shape.kind;
  std::vector<Literal> options;
  for (const ValueId each : document_[value].children)
    if (!surely_empty(goal({schema_of(each)}), kind)) options.push_back(schema_of(each));
  Choice choice;
  for (std::size_t i = 0; i < options.size(); ++i) {
    std::vector<Literal> all{options[i]};
    for (std::size_t k = 0; k < options.size(); ++k)
      if (k != i && !apart(options[i], options[k], kind))
        all.push_back(schema_of(options[k].value, true));
    choice.push_back([this, all](Branch& b) {
      for (const Literal& each : all) apply(b, each);
    });
  }
  add_choice(branch, std::move(choice));
}

void Shapes::assert_keyword(Branch& branch, ValueId id, Keyword keyword, ValueId value) {
  const Value& said = document_[value];
  const auto also = [&](ValueId schema, bool negated = false) {
    apply(branch, schema_of(schema, negated));
  };
  const auto option = [this](std::vector<Literal> all) -> Option {
    return [this, all = std::move(all)](Branch& b) {
      for (const Literal& each : all) apply(b, each);
    };
  };
  switch (keyword) {
  case Keyword::ref:
    return also(value);
  case Keyword::all_of:
    for (const ValueId each : said.children) also(each);
    return;
  case Keyword::any_of: {
    Choice choice;
    for (const ValueId each : said.children) choice.push_back(option({schema_of(each)}));
    return add_choice(branch, std::move(choice));
  }
  case Keyword::one_of:
    return apply_one_of(branch, value);
  case Keyword::not_:
    return also(value, true);
  case Keyword::if_: {
    const ValueId then = document_.find(id, "then"), otherwise = document_.find(id, "else");
    if (then == no_value && otherwise == no_value) return;
    const auto or_anything = [](ValueId schema) {
      return schema == no_value ? anything : schema_of(schema);
    };
    return add_choice(branch, {option({schema_of(value), or_anything(then)}),
                               option({schema_of(value, true), or_anything(otherwise)})});
  }
  case Keyword::type:
    return apply_types(branch, value, false);
  case Keyword::enumeration:
    return apply_values(branch, said.children, false, value);
  case Keyword::constant:
    return apply_values(branch, std::span(&value, 1), false, value);
  case Keyword::minimum:
  case Keyword::maximum:
  case Keyword::exclusive_minimum:
  case Keyword::exclusive_maximum:
  case Keyword::multiple_of:
    if (branch.is(Kind::number)) restrict_language(branch, shared(numbers(keyword, value)));
    return;
  case Keyword::min_length:
    if (branch.is(Kind::string)) branch.at_least(count(value));
    return;
  case Keyword::max_length:
    if (branch.is(Kind::string)) branch.at_most(count(value));
    return;
  case Keyword::pattern:
  case Keyword::format:
    if (branch.is(Kind::string))
      if (const auto own = language(id, keyword, value)) restrict_language(branch, own);
    return;
  case Keyword::prefix_items:
  case Keyword::items: {
    if (!branch.is(Kind::array)) return;
    const ValueId prefix = schemas_.at(id).find(Keyword::prefix_items);
    const ValueId rest = schemas_.at(id).find(Keyword::items);
    if (keyword == Keyword::items && prefix != no_value) return;  // both at once
    Items items;
    if (prefix != no_value)
      for (const ValueId each : document_[prefix].children) items.prefix.push_back(schema_of(each));
    if (rest != no_value) items.rest = schema_of(rest);
    branch.shape.items.push_back(std::move(items));
    branch.changed = true;
    return;
  }
  case Keyword::contains: {
    if (!branch.is(Kind::array)) return;
    Contains contains{schema_of(value), 0, 1, {}, schemas_.where(id, "contains")};
    if (const ValueId least = document_.find(id, "minContains"); least != no_value)
      contains.least = count(least);
    if (const ValueId most = document_.find(id, "maxContains"); most != no_value)
      contains.most = count(most);
    if (contains.least == 0 && !contains.most) return;
    branch.shape.contains.push_back(std::move(contains));
    branch.changed = true;
    return;
  }
  case Keyword::min_items:
    if (branch.is(Kind::array)) branch.at_least(count(value));
    return;
  case Keyword::max_items:
    if (branch.is(Kind::array)) branch.at_most(count(value));
    return;
  case Keyword::unique_items: {
    if (!branch.is(Kind::array) || !said.truth) return;
    const ValueId most = document_.find(id, "maxItems");
    if (most != no_value && count(most) <= 1) return;
    throw Error(ErrorCode::unsupported,
                schemas_.where(id, "uniqueItems") + ": the keyword uniqueItems is not supported");
  }
  case Keyword::properties:
  case Keyword::pattern_properties:
  case Keyword::additional_properties:
    return;  // apply_schema() takes them together
  case Keyword::property_names:
    if (!branch.is(Kind::object)) return;
    branch.shape.names.push_back(schema_of(value));
    branch.changed = true;
    return;
  case Keyword::required:
    if (!branch.is(Kind::object)) return;
    for (const ValueId each : said.children)
      branch.changed |= branch.shape.required.insert(document_[each].text).second;
    return;
  case Keyword::min_properties:
    if (branch.is(Kind::object)) branch.at_least(count(value));
    return;
  case Keyword::max_properties:
    if (branch.is(Kind::object)) branch.at_most(count(value));
    return;
  case Keyword::dependent_required:
  case Keyword::dependent_schemas: {
    if (!branch.is(Kind::object)) return;
    for (std::size_t i = 0; i < said.keys.size(); ++i) {
      const std::string& key = said.keys[i];
      const ValueId then = said.children[i];
      auto own = std::make_shared<Members>();
      own->by_name.emplace(key, 0);
      own->named.emplace_back(key, never);
      add_choice(branch, {[this, then, keyword](Branch& b) {
                            if (keyword == Keyword::dependent_schemas)
                              return apply(b, schema_of(then));
                            for (const ValueId each : document_[then].children)
                              b.changed |= b.shape.required.insert(document_[each].text).second;
                          },
                          [own](Branch& b) {
                            b.shape.members.push_back(own);
                            b.changed = true;
                          }});
    }
    return;
  }
  }
}

// Adds what makes the keyword false; nothing, when that cannot be for values of this kind.
void Shapes::deny_keyword(Branch& branch, ValueId id, Keyword keyword, ValueId value,
                          Choice& choice) {
  const Value& said = document_[value];
  const auto literals = [&](std::vector<Literal> all) {
    choice.push_back([this, all = std::move(all)](Branch& b) {
      for (const Literal& each : all) apply(b, each);
    });
  };
  const auto refuse = [&](std::string_view name) {
    throw Error(ErrorCode::unsupported, schemas_.where(id, name) + ": what does not match " +
                                            std::string(name) + " cannot be said exactly");
  };
  const auto one_member = [](const std::string& key, Literal literal) {
    auto own = std::make_shared<Members>();
    own->by_name.emplace(key, 0);
    own->named.emplace_back(key, literal);
    return own;
  };
  const auto absent = [&](const std::string& key) {
    choice.push_back([own = one_member(key, never)](Branch& b) {
      b.shape.members.push_back(own);
      b.changed = true;
    });
  };
  const auto member = [&](const std::string& key, Literal literal) {
    choice.push_back([own = one_member(key, literal), key](Branch& b) {
      b.shape.members.push_back(own);
      b.shape.required.insert(key);
      b.changed = true;
    });
  };
  const auto at_least = [&](std::size_t least) {
    choice.push_back([least](Branch& b) { b.at_least(least); });
  };
  const auto at_most = [&](std::size_t above) {
    if (above > 0) choice.push_back([above](Branch& b) { b.at_most(above - 1); });
  };
  const auto present = [&](Automaton keys) {
    if (keys.empty()) return;
    choice.push_back([keys = shared(std::move(keys))](Branch& b) {
      b.shape.present.push_back(keys);
      b.at_least(1);
      b.changed = true;
    });
  };
  switch (keyword) {
  case Keyword::ref:
    return literals({schema_of(value, true)});
  case Keyword::all_of:
    for (const ValueId each : said.children) literals({schema_of(each, true)});
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
          if (!apart(a, b, branch.shape.kind)) literals({a, b});
        }
    return literals(std::move(none));
  }
  case Keyword::not_:
    return literals({schema_of(value)});
  case Keyword::if_: {
    const ValueId then = document_.find(id, "then"), otherwise = document_.find(id, "else");
    if (then != no_value) literals({schema_of(value), schema_of(then, true)});
    if (otherwise != no_value) literals({schema_of(value, true), schema_of(otherwise, true)});
    return;
  }
  case Keyword::type:
    choice.push_back([this, value](Branch& b) { apply_types(b, value, true); });
    return;
  case Keyword::enumeration:
    choice.push_back(
        [this, value](Branch& b) { apply_values(b, document_[value].children, true, value); });
    return;
  case Keyword::constant:
    choice.push_back(
        [this, value](Branch& b) { apply_values(b, std::span(&value, 1), true, value); });
    return;
  case Keyword::minimum:
  case Keyword::maximum:
  case Keyword::exclusive_minimum:
  case Keyword::exclusive_maximum:
  case Keyword::multiple_of:
    if (branch.is(Kind::number))
      choice.push_back([this, keyword, value](Branch& b) {
        restrict_language(b, shared(other_numbers(numbers(keyword, value), budget_)));
      });
    return;
  case Keyword::min_length:
    if (branch.is(Kind::string)) at_most(count(value));
    return;
  case Keyword::max_length:
    if (branch.is(Kind::string)) at_least(count(value) + 1);
    return;
  case Keyword::pattern:
  case Keyword::format:
    if (!branch.is(Kind::string)) return;
    if (const auto own = language(id, keyword, value))
      choice.push_back([this, other = shared(regular::complement(*own, budget_))](Branch& b) {
        restrict_language(b, other);
      });
    return;
  case Keyword::prefix_items:
    if (!branch.is(Kind::array)) return;
    for (std::size_t i = 0; i < said.children.size(); ++i)
      choice.push_back([i, item = said.children[i]](Branch& b) {
        Items items;
        items.prefix.assign(i, anything);
        items.prefix.push_back(schema_of(item, true));
        b.shape.items.push_back(std::move(items));
        b.at_least(i + 1);
        b.changed = true;
      });
    return;
  case Keyword::items: {
    if (!branch.is(Kind::array)) return;
    const ValueId prefix = schemas_.at(id).find(Keyword::prefix_items);
    const std::size_t from = prefix == no_value ? 0 : document_[prefix].children.size();
    if (goal({schema_of(value, true)}) == goal({anything})) return at_least(from + 1);
    choice.push_back([from, value, where = schemas_.where(id, "items")](Branch& b) {
      b.shape.contains.push_back({schema_of(value, true), from, 1, {}, where});
      b.at_least(from + 1);
      b.changed = true;
    });
    return;
  }
  case Keyword::contains: {
    if (!branch.is(Kind::array)) return;
    const ValueId least = document_.find(id, "minContains"),
                  most = document_.find(id, "maxContains");
    const std::size_t low = least == no_value ? 1 : count(least);
    const std::string where = schemas_.where(id, "contains");
    if (low > 0)
      choice.push_back([low, value, where](Branch& b) {
        b.shape.contains.push_back({schema_of(value), 0, 0, low - 1, where});
        b.changed = true;
      });
    if (most != no_value)
      choice.push_back([high = count(most) + 1, value, where](Branch& b) {
        b.shape.contains.push_back({schema_of(value), 0, high, {}, where});
        b.changed = true;
      });
    return;
  }
  case Keyword::min_items:
    if (branch.is(Kind::array)) at_most(count(value));
    return;
  case Keyword::max_items:
    if (branch.is(Kind::array)) at_least(count(value) + 1);
    return;
  case Keyword::unique_items:
    if (branch.is(Kind::array) && said.truth) refuse("uniqueItems");
    return;
  case Keyword::properties:
    if (!branch.is(Kind::object)) return;
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      member(said.keys[i], schema_of(said.children[i], true));
    return;
  case Keyword::pattern_properties:
    if (!branch.is(Kind::object)) return;
    for (const auto& [keys, schema] : members(id)->patterns) {
      Literal other = schema;
      other.negated = true;
      const GoalId wrong = goal({other});
      if (surely_empty(wrong)) continue;
      if (wrong != goal({anything})) refuse("patternProperties");
      present(*keys);
    }
    return;
  case Keyword::additional_properties: {
    if (!branch.is(Kind::object)) return;
    const GoalId wrong = goal({schema_of(value, true)});
    if (surely_empty(wrong)) return;
    if (wrong != goal({anything})) refuse("additionalProperties");
    const auto own = members(id);
    std::vector<std::u32string> names;
    for (const auto& [name, unused] : own->named) names.push_back(regular::code_points(name));
    Automaton others = regular::complement(regular::one_of(names, budget_), budget_);
    for (const auto& [keys, unused] : own->patterns)
      others = regular::difference(others, *keys, budget_);
    return present(std::move(others));
  }
  case Keyword::property_names:
    if (branch.is(Kind::object)) present(*texts(goal({schema_of(value, true)})));
    return;
  case Keyword::required:
    if (!branch.is(Kind::object)) return;
    for (const ValueId each : said.children) absent(document_[each].text);
    return;
  case Keyword::min_properties:
    if (branch.is(Kind::object)) at_most(count(value));
    return;
  case Keyword::max_properties:
    if (branch.is(Kind::object)) at_least(count(value) + 1);
    return;
  case Keyword::dependent_required:
    if (!branch.is(Kind::object)) return;
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      for (const ValueId each : document_[said.children[i]].children)
        choice.push_back(
            [key = said.keys[i], own = one_member(document_[each].text, never)](Branch& b) {
              b.shape.required.insert(key);
              b.shape.members.push_back(own);
              b.changed = true;
            });
    return;
  case Keyword::dependent_schemas:
    if (!branch.is(Kind::object)) return;
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      choice.push_back([this, key = said.keys[i], then = said.children[i]](Branch& b) {
        b.shape.required.insert(key);
        b.changed = true;
        apply(b, schema_of(then, true));
      });
    return;
  }
}

}  // namespace quipu::schema
