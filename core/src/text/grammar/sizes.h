// Which nodes are small enough to stand where they are used, and which are parts of their own.
#pragma once

#include <cstdint>
#include <vector>

#include "text/grammar/facts.h"
#include "text/grammar/syntax.h"

namespace quipu::grammar {

struct Sizes {
  /// States that the node adds to the part that it stands in; a call is 1.
  std::vector<std::uint32_t> states;
  /// Per rule: it stands where it is used, rather than being called.
  std::vector<bool> inlined;
  /// Likewise per automaton.
  std::vector<bool> inlined_automata;
  /// Per node of kind repeat: written out, rather than counted while it runs.
  std::vector<bool> written_out;
};

Sizes find_sizes(const Syntax& syntax, const Facts& facts);

}  // namespace quipu::grammar
