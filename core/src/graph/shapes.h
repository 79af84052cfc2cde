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

/// Name of an operation for messages: "attention".
std::string_view op_name(std::uint32_t op);

/// Bytes of the attributes of an operation, 0 for those that have none.
std::size_t attribute_bytes(std::uint32_t op);

/// `attributes` is as long as attribute_bytes says. The width is the one meant, even when there is
/// a problem.
Shape check_node(const Graph& graph, std::uint32_t op, std::span<const quipu_node> inputs,
                 const void* attributes);

}  // namespace quipu
