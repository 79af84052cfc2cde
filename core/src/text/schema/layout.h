// What stands between the values, commas and colons of JSON.
#pragma once

#include <string_view>

#include "quipu/grammar.h"
#include "text/grammar/syntax.h"

namespace quipu::schema {

/// `lead`, then: for checks any white space, for answers nothing, a space, or a new line and its
/// indentation. With anything before `lead`, too, for checks.
grammar::Dfa white_space(std::string_view lead, SchemaOptions::Layout layout);
grammar::Dfa colon(SchemaOptions::Layout layout);

}  // namespace quipu::schema
