#include "text/schema/shapes.h"

#include <algorithm>

#include "quipu/error.h"
#include "text/regular/regex.h"
#include "text/schema/formats.h"
#include "text/schema/numbers.h"

namespace quipu::schema {
namespace {

using regular::Automaton;

constexpr std::size_t most_depth = 24;          // of goals in goals that surely_empty() looks into
constexpr std::size_t most_in_place = 400;      // calls of apply() in each other
constexpr std::size_t most_count = 0xFFFFFFFE;  // of items, members and characters

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

Literal schema_of(ValueId id, bool negated = false) {
  return {id, Literal::What::schema, negated};
}
Literal constant_of(ValueId id, bool negated = false) {
  return {id, Literal::What::constant, negated};
}

Language shared(Automaton language) {
  return std::make_shared<const Automaton>(std::move(language));
}

}  // namespace

const Literal* Members::find(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &named[found->second].second;
}

// One alternative under way: what is settled, and choices that are not.
struct Shapes::Branch {
  Shape shape;
  std::set<Literal> done;
  std::vector<std::shared_ptr<const Choice>> choices;
  bool dead = false;
  bool changed = false;  // anything beside `done`, since it was last reset

  bool is(Kind kind) const { return shape.kind == kind; }
  /// What a copy costs, in steps.
  std::size_t size() const {
    return 1 + (choices.size() + done.size() + shape.items.size() + shape.members.size() +
                shape.required.size() + shape.contains.size()) /
                   8;
  }
  void at_least(std::size_t least) {
    if (least <= shape.least) return;
    shape.least = least;
    changed = true;
    if (shape.most && shape.least > *shape.most) dead = true;
  }
  void at_most(std::size_t most) {
    if (shape.most && *shape.most <= most) return;
    shape.most = most;
    changed = true;
    if (shape.least > *shape.most) dead = true;
  }
};

Shapes::Shapes(const Schemas& schemas, regular::Budget& budget)
    : schemas_(schemas), document_(schemas.document()), budget_(budget) {}

void Shapes::step(std::size_t cost) {
  if ((steps_ += cost) > most_steps)
    throw Error(ErrorCode::invalid,
                "JSON schema: too much: its alternatives combine in too many ways");
}

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
  if (!negated) {
    branch.at_least(size);
    branch.at_most(size);
    if (kind == Kind::array) {
      Items items;
      for (const ValueId each : said.children) items.prefix.push_back(constant_of(each));
      branch.shape.items.push_back(std::move(items));
    } else {
      auto own = std::make_shared<Members>();
      for (std::size_t i = 0; i < size; ++i) {
        own->by_name.emplace(said.keys[i], i);
        own->named.emplace_back(said.keys[i], constant_of(said.children[i]));
        branch.shape.required.insert(said.keys[i]);
      }
      own->rest = never;
      own->names_rest = true;
      branch.shape.members.push_back(std::move(own));
    }
    branch.changed = true;
    return;
  }
  Choice choice;
  choice.push_back([size](Branch& b) { b.at_least(size + 1); });
  if (kind == Kind::array) {
    if (size > 0) choice.push_back([size](Branch& b) { b.at_most(size - 1); });
    for (std::size_t i = 0; i < size; ++i)
      choice.push_back([i, item = said.children[i]](Branch& b) {
        Items items;
        items.prefix.assign(i, anything);
        items.prefix.push_back(constant_of(item, true));
        b.shape.items.push_back(std::move(items));
        b.at_least(i + 1);
        b.changed = true;
      });
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      const std::string& key = said.keys[i];
      const auto member = [&key](Literal literal) {
        auto own = std::make_shared<Members>();
        own->by_name.emplace(key, 0);
        own->named.emplace_back(key, literal);
        return own;
      };
      choice.push_back([own = member(never)](Branch& b) {
        b.shape.members.push_back(own);
        b.changed = true;
      });
      choice.push_back([own = member(constant_of(said.children[i], true)), &key](Branch& b) {
        b.shape.members.push_back(own);
        b.shape.required.insert(key);
        b.changed = true;
      });
    }
  }
  add_choice(branch, std::move(choice));
}

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

// Of pattern and format; none for a format that is an annotation.
Language Shapes::language(ValueId id, Keyword keyword, ValueId value) {
  const std::string& text = document_[value].text;
  const auto [place, fresh] = languages_.try_emplace({keyword, text});
  if (fresh && keyword == Keyword::pattern)
    place->second = shared(regular::search(text, schemas_.where(id, "pattern"), budget_));
  else if (fresh)
    if (auto known = format(text, schemas_.where(id, "format"), budget_))
      place->second = shared(std::move(*known));
  return place->second;
}

std::shared_ptr<const Members> Shapes::members(ValueId id) {
  auto& known = members_[id];
  if (known) return known;
  auto out = std::make_shared<Members>();
  const Schema& schema = schemas_.at(id);
  if (const ValueId own = schema.find(Keyword::properties); own != no_value)
    for (std::size_t i = 0; i < document_[own].keys.size(); ++i) {
      out->by_name.emplace(document_[own].keys[i], i);
      out->named.emplace_back(document_[own].keys[i], schema_of(document_[own].children[i]));
    }
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

// A chain of states, each of which goes on to the next by the same characters.
std::optional<SetOfCharacters> set_of_characters(const Automaton& language) {
  const std::size_t k = language.alphabet.count;
  std::vector<bool> seen(language.states(), false);
  std::size_t state = 0, length = 0, first = 0, last = 0;
  bool accepted = false, ended = false, loops = false;
  for (;;) {
    seen[state] = true;
    if (language.labels[state] >= 0) {
      if (ended) return std::nullopt;
      if (!accepted) first = length;
      accepted = true;
      last = length;
    } else if (accepted) {
      ended = true;
    }
    std::int32_t next = -1;
    for (std::size_t c = 0; c < k; ++c) {
      const std::int32_t target = language.next[state * k + c];
      if (target >= 0 && next >= 0 && target != next) return std::nullopt;
      if (target >= 0) next = target;
    }
    if (next < 0) break;
    for (std::size_t c = 0; c < k; ++c)
      if ((language.next[state * k + c] >= 0) != (language.next[c] >= 0)) return std::nullopt;
    if (seen[static_cast<std::size_t>(next)]) {
      loops = true;
      if (static_cast<std::size_t>(next) != state || language.labels[state] < 0)
        return std::nullopt;
      break;
    }
    state = static_cast<std::size_t>(next);
    ++length;
  }
  if (!accepted) return std::nullopt;
  SetOfCharacters out;
  out.any_number.alphabet = language.alphabet;
  for (std::size_t c = 0; c < k; ++c) out.any_number.next.push_back(language.next[c] >= 0 ? 0 : -1);
  out.any_number.labels = {0};
  out.lengths.least = first;
  if (!loops) out.lengths.most = last;
  return out;
}

}  // namespace quipu::schema
