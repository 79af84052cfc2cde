// How the keys of a layer change when their positions do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quipu/abi/backend.h"

namespace quipu_reference {

struct KeyTurn {
  bool possible = true;             ///< false: no turn gives the keys of another position
  quipu_rope rope{};                ///< rotary = 0: keys do not depend on the position
  std::size_t first = 0;            ///< column of each key head where the rope begins
  std::vector<double> frequencies;  ///< radians per position of each pair
};

/// Looks for the rope that made the keys of an attention node.
KeyTurn key_turn(const quipu_graph& graph, const quipu_graph_node& attention,
                 std::uint32_t context);

}  // namespace quipu_reference
