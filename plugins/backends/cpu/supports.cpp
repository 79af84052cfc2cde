#include "supports.h"

#include <cstdint>

namespace quipu_cpu {
namespace {

bool has_one_axis(const quipu_rope& rope) {
  return rope.sections[0] == 0 && rope.sections[1] == 0 && rope.sections[2] == 0 &&
         rope.sections[3] == 0;
}

// The router looks at all groups at once on its stack.
constexpr std::uint32_t most_groups = 256;

}  // namespace

bool supports(const quipu_graph_node& node) noexcept {
  switch (node.op) {
  case QUIPU_OP_ROPE:
    return has_one_axis(*static_cast<const quipu_rope*>(node.attributes));
  case QUIPU_OP_MOE:
    return static_cast<const quipu_moe*>(node.attributes)->groups <= most_groups;
  default:
    return node.op <= QUIPU_OP_HOST;
  }
}

}  // namespace quipu_cpu
