// Members of objects: what they match, which there must be, how many, under which names.
#include "text/regular/code_points.h"
#include "text/regular/regex.h"
#include "text/schema/branch.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

using regular::Automaton;

const Literal* Members::find(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &named[found->second].second;
}

void Members::add(const std::string& name, Literal literal) {
  by_name.emplace(name, named.size());
  named.emplace_back(name, literal);
}

std::shared_ptr<const Members> Shapes::members(ValueId id) {
  auto& known = members_[id];
  if (known) return known;
  auto out = std::make_shared<Members>();
  const Schema& schema = schemas_.at(id);
  if (const ValueId own = schema.find(Keyword::properties); own != no_value)
    for (std::size_t i = 0; i < document_[own].keys.size(); ++i)
      out->add(document_[own].keys[i], schema_of(document_[own].children[i]));
  if (const ValueId own = schema.find(Keyword::pattern_properties); own != no_value)
    for (std::size_t i = 0; i < document_[own].keys.size(); ++i)
      out->patterns.emplace_back(
          shared(regular::search(document_[own].keys[i],
                                 "JSON schema: " + document_.pointer(document_[own].children[i]),
                                 budget_)),
          schema_of(document_[own].children[i]));
  if (const ValueId own = schema.find(Keyword::additional_properties); own != no_value) {
    out->rest = schema_of(own);
    out->names_rest = true;
  }
  return known = std::move(out);
}

void Shapes::assert_of_object(Branch& branch, Keyword keyword, ValueId value) {
  const Value& said = document_[value];
  switch (keyword) {
  case Keyword::properties:
  case Keyword::pattern_properties:
  case Keyword::additional_properties:
    return;  // assert_schema() takes them together
  case Keyword::property_names:
    branch.shape.names.push_back(schema_of(value));
    branch.changed = true;
    return;
  case Keyword::required:
    for (const ValueId each : said.children) branch.require(document_[each].text);
    return;
  case Keyword::min_properties:
    return branch.at_least(count(value));
  case Keyword::max_properties:
    return branch.at_most(count(value));
  case Keyword::dependent_required:
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      add_choice(branch, {[this, names = said.children[i]](Branch& b) {
                            for (const ValueId each : document_[names].children)
                              b.require(document_[each].text);
                          },
                          without_member(said.keys[i])});
    return;
  case Keyword::dependent_schemas:
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      add_choice(branch, {all_of({schema_of(said.children[i])}), without_member(said.keys[i])});
    return;
  default:
    return;
  }
}

void Shapes::deny_of_object(ValueId id, Keyword keyword, ValueId value, Choice& choice) {
  const Value& said = document_[value];
  const auto with_key_in = [&](Automaton keys) {
    if (keys.empty()) return;
    choice.push_back([keys = shared(std::move(keys))](Branch& branch) {
      branch.shape.present.push_back(keys);
      branch.at_least(1);
      branch.changed = true;
    });
  };
  switch (keyword) {
  case Keyword::properties:
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      choice.push_back(with_member(said.keys[i], schema_of(said.children[i], true)));
    return;
  case Keyword::pattern_properties:
    for (const auto& [keys, schema] : members(id)->patterns) {
      const GoalId wrong = goal({opposite(schema)});
      if (surely_empty(wrong)) continue;
      if (wrong != goal({anything})) refuse_to_deny(id, "patternProperties");
      with_key_in(*keys);
    }
    return;
  case Keyword::additional_properties: {
    const GoalId wrong = goal({schema_of(value, true)});
    if (surely_empty(wrong)) return;
    if (wrong != goal({anything})) refuse_to_deny(id, "additionalProperties");
    const auto own = members(id);
    std::vector<std::u32string> names;
    for (const auto& [name, unused] : own->named) names.push_back(regular::code_points(name));
    Automaton others = regular::complement(regular::one_of(names, budget_), budget_);
    for (const auto& [keys, unused] : own->patterns)
      others = regular::difference(others, *keys, budget_);
    return with_key_in(std::move(others));
  }
  case Keyword::property_names:
    return with_key_in(*texts(goal({schema_of(value, true)})));
  case Keyword::required:
    for (const ValueId each : said.children) choice.push_back(without_member(document_[each].text));
    return;
  case Keyword::min_properties:
    return add_fewer_than(count(value), choice);
  case Keyword::max_properties:
    return choice.push_back(more_than(count(value)));
  case Keyword::dependent_required:
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      for (const ValueId each : document_[said.children[i]].children)
        choice.push_back(
            [key = said.keys[i], without = without_member(document_[each].text)](Branch& branch) {
              branch.require(key);
              without(branch);
            });
    return;
  case Keyword::dependent_schemas:
    for (std::size_t i = 0; i < said.keys.size(); ++i)
      choice.push_back([this, key = said.keys[i], then = said.children[i]](Branch& branch) {
        branch.require(key);
        apply(branch, schema_of(then, true));
      });
    return;
  default:
    return;
  }
}

}  // namespace quipu::schema
