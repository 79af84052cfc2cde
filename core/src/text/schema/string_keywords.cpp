// Patterns and formats of texts.
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

}  // namespace quipu::schema
