// Finds rules that refer to themselves before they have read anything.
#pragma once

#include "text/grammar/program.h"

namespace quipu::grammar {

/// Throws invalid naming the rules, in the order in which they call each other.
void refuse_left_recursion(const Program& program);

}  // namespace quipu::grammar
