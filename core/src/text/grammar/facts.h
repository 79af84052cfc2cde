// What can be said of a tree's nodes without running anything.
#pragma once

#include <vector>

#include "text/grammar/syntax.h"

namespace quipu::grammar {

struct Facts {
  std::vector<bool> productive;  ///< describes a text at all
  std::vector<bool> nullable;    ///< describes the empty text
  std::vector<bool> filled;      ///< describes a text that is not empty
};

Facts find_facts(const Syntax& syntax);

/// States from which the automaton can still accept.
std::vector<bool> live_states(const Dfa& dfa);

/// Per member: whether a key leads to it and its value is productive.
std::vector<bool> usable_members(const Object& object, const std::vector<bool>& productive);

}  // namespace quipu::grammar
