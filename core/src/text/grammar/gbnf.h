// GBNF, the grammar notation of llama.cpp (its grammars/README.md).
#pragma once

#include <string_view>

#include "text/grammar/syntax.h"

namespace quipu::grammar {

/// Throws invalid for what is no GBNF, unsupported for references to tokens (<think>, <[7]>); both
/// name line and column.
Syntax parse_gbnf(std::string_view text, std::string_view root);

}  // namespace quipu::grammar
