// Lengths, patterns and formats of texts.
#include "text/regular/regex.h"
#include "text/schema/branch.h"
#include "text/schema/formats.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

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

void Shapes::assert_of_string(Branch& branch, ValueId id, Keyword keyword, ValueId value) {
  if (keyword == Keyword::min_length)
    branch.at_least(count(value));
  else if (keyword == Keyword::max_length)
    branch.at_most(count(value));
  else if (const auto own = language(id, keyword, value))
    restrict_language(branch, own);
}

void Shapes::deny_of_string(ValueId id, Keyword keyword, ValueId value, Choice& choice) {
  if (keyword == Keyword::min_length)
    add_fewer_than(count(value), choice);
  else if (keyword == Keyword::max_length)
    choice.push_back(more_than(count(value)));
  else if (const auto own = language(id, keyword, value))
    choice.push_back([this, other = shared(regular::complement(*own, budget_))](Branch& branch) {
      restrict_language(branch, other);
    });
}

}  // namespace quipu::schema
