// What a schema says about the members of an object.
#include "text/regular/regex.h"
#include "text/schema/branch.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

const Literal* Members::find(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : &named[found->second].second;
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

}  // namespace quipu::schema
