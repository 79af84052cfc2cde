// The keywords type, enum and const: values of some types, and values that equal given ones.
#include <algorithm>
#include <optional>
#include <string_view>

#include "text/regular/code_points.h"
#include "text/schema/branch.h"
#include "text/schema/numbers.h"
#include "text/schema/shapes.h"

namespace quipu::schema {
namespace {

using regular::Automaton;

std::optional<Kind> kind_of(const Value& value) {
  switch (value.kind) {
  case Json::null:
    return Kind::null;
  case Json::boolean:
    return value.truth ? Kind::true_ : Kind::false_;
  case Json::number:
    return Kind::number;
  case Json::string:
    return Kind::string;
  case Json::array:
    return Kind::array;
  case Json::object:
    return Kind::object;
  }
  return std::nullopt;
}

std::string_view type_of(Kind kind) {
  constexpr std::string_view names[] = {"null",   "boolean", "boolean", "number",
                                        "string", "array",   "object"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace

void Shapes::apply_types(Branch& branch, ValueId value, bool negated) {
  const Value& said = document_[value];
  const auto has = [&](std::string_view type) {
    return said.kind == Json::string ? said.text == type
                                     : std::ranges::any_of(said.children, [&](ValueId each) {
                                         return document_[each].text == type;
                                       });
  };
  const Kind kind = branch.shape.kind;
  if (kind == Kind::number && !has("number") && has("integer")) {
    static const Language whole = shared(integers());
    restrict_language(branch, negated ? shared(other_numbers(*whole, budget_)) : whole);
  } else if (has(type_of(kind)) == negated) {
    branch.dead = true;
  }
}

// The value is one of these, or none of them.
void Shapes::apply_values(Branch& branch, std::span<const ValueId> values, bool negated,
                          ValueId schema) {
  const Kind kind = branch.shape.kind;
  std::vector<ValueId> own;
  for (const ValueId each : values)
    if (kind_of(document_[each]) == kind) own.push_back(each);
  if (kind == Kind::number) {
    std::vector<Decimal> numbers;
    for (const ValueId each : own) numbers.push_back(Decimal::of(document_[each].text));
    if (negated && numbers.empty()) return;
    const Automaton set = one_of(numbers, "JSON schema: " + document_.pointer(schema), budget_);
    restrict_language(branch, shared(negated ? other_numbers(set, budget_) : set));
  } else if (kind == Kind::string) {
    std::vector<std::u32string> texts;
    for (const ValueId each : own) texts.push_back(regular::code_points(document_[each].text));
    if (negated && texts.empty()) return;
    Automaton set = regular::one_of(texts, budget_);
    for (auto& label : set.labels) label = std::min(label, 0);
    set = regular::minimised(std::move(set), budget_);
    restrict_language(branch, shared(negated ? regular::complement(set, budget_) : std::move(set)));
  } else if (kind == Kind::array || kind == Kind::object) {
    if (negated) {
      for (const ValueId each : own) apply(branch, constant_of(each, true));
      return;
    }
    Choice choice;
    for (const ValueId each : own)
      choice.push_back([this, each](Branch& b) { apply(b, constant_of(each)); });
    add_choice(branch, std::move(choice));
  } else if (own.empty() != negated) {
    branch.dead = true;
  }
}

void Shapes::apply_constant(Branch& branch, ValueId value, bool negated) {
  const Value& said = document_[value];
  const Kind kind = branch.shape.kind;
  if (kind != Kind::array && kind != Kind::object)
    return apply_values(branch, std::span(&value, 1), negated, value);
  if (kind_of(said) != kind) {
    branch.dead = !negated;
    return;
  }
  const std::size_t size = said.children.size();
  if (negated) {
    Choice choice{more_than(size)};
    if (kind == Kind::array) {
      add_fewer_than(size, choice);
      for (std::size_t i = 0; i < size; ++i)
        choice.push_back(with_item(i, constant_of(said.children[i], true)));
    } else {
      for (std::size_t i = 0; i < size; ++i) {
        choice.push_back(without_member(said.keys[i]));
        choice.push_back(with_member(said.keys[i], constant_of(said.children[i], true)));
      }
    }
    return add_choice(branch, std::move(choice));
  }
  branch.at_least(size);
  branch.at_most(size);
  if (kind == Kind::array) {
    Items items;
    for (const ValueId each : said.children) items.prefix.push_back(constant_of(each));
    branch.add(std::move(items));
  } else {
    auto own = std::make_shared<Members>();
    for (std::size_t i = 0; i < size; ++i) {
      own->add(said.keys[i], constant_of(said.children[i]));
      branch.require(said.keys[i]);
    }
    own->rest = never;
    own->names_rest = true;
    branch.add(std::move(own));
  }
}

}  // namespace quipu::schema
