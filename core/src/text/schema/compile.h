// JSON Schema to a grammar.
#pragma once

#include <string_view>

#include "quipu/grammar.h"
#include "text/grammar/syntax.h"

namespace quipu::schema {

/// The tree of what the schema describes. Throws as Grammar::from_json_schema does.
grammar::Syntax compile(std::string_view schema, const SchemaOptions& options);

}  // namespace quipu::schema
