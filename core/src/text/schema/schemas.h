// The schemas of a document: their keywords checked, their references resolved.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/schema/document.h"

namespace quipu::schema {

enum class Keyword : std::uint8_t {
  ref,
  all_of,
  any_of,
  one_of,
  not_,
  if_,
  type,
  enumeration,
  constant,
  minimum,
  maximum,
  exclusive_minimum,
  exclusive_maximum,
  multiple_of,
  min_length,
  max_length,
  pattern,
  format,
  prefix_items,
  items,
  contains,
  min_items,
  max_items,
  unique_items,
  properties,
  pattern_properties,
  additional_properties,
  property_names,
  required,
  min_properties,
  max_properties,
  dependent_required,
  dependent_schemas,
};

struct Schema {
  bool refuses = false;  ///< the schema `false`
  /// Each keyword with its value; `ref` with the schema that it refers to.
  std::vector<std::pair<Keyword, ValueId>> keywords;
  ValueId find(Keyword keyword) const;
};

/// Those that the root reaches.
class Schemas {
 public:
  /// Throws invalid for a keyword whose value is not what the draft wants and for a schema that
  /// refers to itself in place, unsupported for keywords that are not in the list above and are no
  /// annotations; both name the JSON pointer. The document must outlive the schemas.
  explicit Schemas(const Document& document);

  const Schema& at(ValueId id) const { return schemas_.at(id); }
  const Document& document() const noexcept { return document_; }
  /// "#/properties/a/minLength": for messages.
  std::string where(ValueId schema, std::string_view keyword) const;

 private:
  void read(ValueId id, std::vector<ValueId>& found);
  void read_keyword(ValueId id, std::string_view key, ValueId value, Schema& schema,
                    std::vector<ValueId>& found);
  void refuse_loops() const;
  void index_resources();
  ValueId resolve(ValueId from, const std::string& reference) const;
  std::string base_of(ValueId id) const;

  const Document& document_;
  std::unordered_map<ValueId, Schema> schemas_;
  std::unordered_map<std::string, ValueId> resources_;  // absolute identifiers, anchors included
  bool alone_beside_ref_ = false;                       // drafts whose $ref hides its neighbours
};

}  // namespace quipu::schema
