// What each operation of opset 1 asks of its inputs and attributes, and the width of its result.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace quipu {

struct Shape {
  std::uint32_t width = 0;
  bool after_select = false;
  std::string problem;  ///< "" = the node is right
};

/// `attributes` is as long as attribute_bytes says. The width is the one meant, even when there is
/// a problem.
Shape check_node(const Graph& graph, std::uint32_t op, std::span<const quipu_node> inputs,
                 const void* attributes);

}  // namespace quipu
