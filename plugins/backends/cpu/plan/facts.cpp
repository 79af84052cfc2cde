#include "plan/facts.h"

namespace quipu_cpu {

void count_work(const quipu_graph& graph, quipu_plan_facts& facts) {
  const auto tensor = [&](quipu_node n) { return n ? graph.nodes[n - 1]->weight : nullptr; };
  const auto elements = [](const quipu_tensor& t) {
    return t.shape[0] * t.shape[1] * t.shape[2] * t.shape[3];
  };
  const auto bytes = [](const quipu_tensor& t) {
    return t.row_bytes * t.shape[1] * t.shape[2] * t.shape[3];
  };
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    std::uint64_t& products = node.after_select ? facts.head_multiply_adds : facts.multiply_adds;
    if (node.op == QUIPU_OP_EMBED) {
      facts.weight_bytes += tensor(node.inputs[0])->row_bytes;
    } else if (node.op == QUIPU_OP_LINEAR) {
      facts.weight_bytes += bytes(*tensor(node.inputs[1]));
      products += elements(*tensor(node.inputs[1]));
    } else if (node.op == QUIPU_OP_MOE) {
      const quipu_moe& moe = *static_cast<const quipu_moe*>(node.attributes);
      facts.weight_bytes += bytes(*tensor(node.inputs[1]));
      products += elements(*tensor(node.inputs[1]));
      for (std::uint32_t input = 4; input <= 6; ++input) {
        const quipu_tensor* experts = tensor(node.inputs[input]);
        if (!experts) continue;
        facts.weight_bytes += bytes(*experts) / moe.experts * moe.used;
        products += elements(*experts) / moe.experts * moe.used;
      }
    }
  }
}

}  // namespace quipu_cpu
