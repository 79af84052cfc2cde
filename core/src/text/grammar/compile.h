// Makes the machine of a grammar.
#pragma once

#include <memory>

#include "quipu/grammar.h"
#include "text/grammar/syntax.h"

namespace quipu::grammar {

/// Throws invalid when the grammar describes no text, refers to itself before it has read anything
/// (naming the rules), or is beyond the budgets.
std::shared_ptr<const Grammar> compile(const Syntax& syntax);

}  // namespace quipu::grammar
