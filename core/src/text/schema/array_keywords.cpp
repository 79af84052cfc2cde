// Items of arrays: what stands where, how many match, how many there are.
#include "quipu/error.h"
#include "text/schema/branch.h"
#include "text/schema/shapes.h"

namespace quipu::schema {

void Shapes::assert_of_array(Branch& branch, ValueId id, Keyword keyword, ValueId value) {
  switch (keyword) {
  case Keyword::prefix_items:
  case Keyword::items: {
    const ValueId prefix = schemas_.at(id).find(Keyword::prefix_items);
    const ValueId rest = schemas_.at(id).find(Keyword::items);
    if (keyword == Keyword::items && prefix != no_value) return;  // both at once
    Items items;
    if (prefix != no_value)
      for (const ValueId each : document_[prefix].children) items.prefix.push_back(schema_of(each));
    if (rest != no_value) items.rest = schema_of(rest);
    return branch.add(std::move(items));
  }
  case Keyword::contains: {
    Contains contains{schema_of(value), 0, 1, {}, schemas_.where(id, "contains")};
    if (const ValueId least = document_.find(id, "minContains"); least != no_value)
      contains.least = count(least);
    if (const ValueId most = document_.find(id, "maxContains"); most != no_value)
      contains.most = count(most);
    if (contains.least > 0 || contains.most) branch.add(std::move(contains));
    return;
  }
  case Keyword::min_items:
    return branch.at_least(count(value));
  case Keyword::max_items:
    return branch.at_most(count(value));
  case Keyword::unique_items: {
    if (!document_[value].truth) return;
    const ValueId most = document_.find(id, "maxItems");
    if (most != no_value && count(most) <= 1) return;
    throw Error(ErrorCode::unsupported,
                schemas_.where(id, "uniqueItems") + ": the keyword uniqueItems is not supported");
  }
  default:
    return;
  }
}

void Shapes::deny_of_array(ValueId id, Keyword keyword, ValueId value, Choice& choice) {
  const Value& said = document_[value];
  switch (keyword) {
  case Keyword::prefix_items:
    for (std::size_t i = 0; i < said.children.size(); ++i)
      choice.push_back(with_item(i, schema_of(said.children[i], true)));
    return;
  case Keyword::items: {
    const ValueId prefix = schemas_.at(id).find(Keyword::prefix_items);
    const std::size_t from = prefix == no_value ? 0 : document_[prefix].children.size();
    if (goal({schema_of(value, true)}) == goal({anything}))
      return choice.push_back(more_than(from));
    return choice.push_back([from, value, where = schemas_.where(id, "items")](Branch& branch) {
      branch.add(Contains{schema_of(value, true), from, 1, {}, where});
      branch.at_least(from + 1);
    });
  }
  case Keyword::contains: {
    const ValueId least = document_.find(id, "minContains"),
                  most = document_.find(id, "maxContains");
    const std::size_t low = least == no_value ? 1 : count(least);
    const std::string where = schemas_.where(id, "contains");
    if (low > 0)
      choice.push_back([low, value, where](Branch& branch) {
        branch.add(Contains{schema_of(value), 0, 0, low - 1, where});
      });
    if (most != no_value)
      choice.push_back([high = count(most) + 1, value, where](Branch& branch) {
        branch.add(Contains{schema_of(value), 0, high, {}, where});
      });
    return;
  }
  case Keyword::min_items:
    return add_fewer_than(count(value), choice);
  case Keyword::max_items:
    return choice.push_back(more_than(count(value)));
  case Keyword::unique_items:
    if (said.truth) refuse_to_deny(id, "uniqueItems");
    return;
  default:
    return;
  }
}

}  // namespace quipu::schema
