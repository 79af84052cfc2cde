// What one token costs.
#include "plan.h"
#include "weights.h"

namespace quipu_reference {
namespace {

// A tensor of experts is read for those in use.
struct Share {
  std::uint64_t used = 1, of = 1;
};

Share share_of(const quipu_graph_node& node, std::uint32_t input) {
  if (node.op != QUIPU_OP_MOE) return {};
  const auto& moe = *static_cast<const quipu_moe*>(node.attributes);
  return input >= 4 && input <= 9 ? Share{moe.used, moe.experts} : Share{};
}

}  // namespace

void Plan::facts(quipu_plan_facts& facts) const {
  facts = {sizeof facts, 1, 0, 0, 0, cache_.bytes(), 0};
  for (std::uint32_t n = 0; n < graph_.node_count; ++n) {
    const quipu_graph_node& node = *graph_.nodes[n];
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      if (node.inputs[i] == 0) continue;
      const quipu_graph_node& input = *graph_.nodes[node.inputs[i] - 1];
      if (input.op != QUIPU_OP_WEIGHT) continue;
      const quipu_tensor& tensor = *input.weight;
      if (node.op == QUIPU_OP_EMBED) {
        facts.weight_bytes += tensor.row_bytes;
        continue;
      }
      const Share share = share_of(node, i);
      const std::uint64_t rows = row_count(tensor) * share.used / share.of;
      facts.weight_bytes += rows * tensor.row_bytes;
      const bool matrix = (node.op == QUIPU_OP_LINEAR && i == 1) ||
                          (node.op == QUIPU_OP_MOE && (i == 1 || (i >= 4 && i <= 6)));
      if (matrix)
        (node.after_select ? facts.head_multiply_adds : facts.multiply_adds) +=
            rows * tensor.shape[0];
    }
  }
}

}  // namespace quipu_reference
