#include "plan/lowering.h"

namespace quipu_cpu {
namespace {

/// Whether some rows of the result can be had without the others; attention needs the keys and
/// values of all tokens, but only the wanted queries.
bool can_be_partial(std::uint32_t op) {
  switch (op) {
  case QUIPU_OP_WEIGHT:
  case QUIPU_OP_ATTENTION:
  case QUIPU_OP_SELECT_OUTPUTS:
  case QUIPU_OP_HOST:
    return false;
  default:
    return true;
  }
}

bool is_matrix(const quipu_graph& graph, quipu_node node) {
  return node != 0 && graph.nodes[node - 1]->op != QUIPU_OP_WEIGHT;
}

}  // namespace

std::vector<NodeFacts> analyse(const quipu_graph& graph, quipu_node output) {
  std::vector<NodeFacts> facts(graph.node_count + 1);
  std::vector<bool> all_readers_select(graph.node_count + 1, true);
  all_readers_select[output] = false;
  facts[output].needed = true;
  for (quipu_node n = graph.node_count; n > 0; --n) {
    if (!facts[n].needed) continue;
    const quipu_graph_node& node = *graph.nodes[n - 1];
    const bool can_move = facts[n].uses > 0 && can_be_partial(node.op) && all_readers_select[n];
    facts[n].rows = node.after_select || can_move ? Rows::wanted : Rows::tokens;
    const bool selects = node.op == QUIPU_OP_SELECT_OUTPUTS || facts[n].rows == Rows::wanted;
    for (std::uint32_t i = 0; i < node.input_count; ++i) {
      const quipu_node input = node.inputs[i];
      if (input == 0) continue;
      facts[input].needed = true;
      ++facts[input].uses;
      const bool reads_all = node.op == QUIPU_OP_ATTENTION && (i == 1 || i == 2);
      if (!selects || reads_all) all_readers_select[input] = false;
      if (node.op != QUIPU_OP_LINEAR || i != 0) facts[input].only_multiplied = false;
    }
  }
  const auto fits = [&](quipu_node linear, quipu_node reader) {
    return is_matrix(graph, linear) && graph.nodes[linear - 1]->op == QUIPU_OP_LINEAR &&
           facts[linear].uses == 1 && linear != output &&
           facts[linear].rows == facts[reader].rows && facts[linear].fused_into == 0;
  };
  for (quipu_node n = 1; n <= graph.node_count; ++n) {
    const quipu_graph_node& node = *graph.nodes[n - 1];
    if (!facts[n].needed) continue;
    if (node.op == QUIPU_OP_ADD) {
      const quipu_node a = node.inputs[0], b = node.inputs[1];
      if (!is_matrix(graph, b) || graph.nodes[b - 1]->width != node.width) continue;
      if (fits(b, n))
        facts[b].fused_into = n;
      else if (fits(a, n))
        facts[a].fused_into = n;
    } else if (node.op == QUIPU_OP_GLU) {
      const quipu_node gate = node.inputs[0], up = node.inputs[1];
      if (gate != up && fits(gate, n) && fits(up, n) &&
          graph.nodes[gate - 1]->inputs[0] == graph.nodes[up - 1]->inputs[0])
        facts[gate].fused_into = facts[up].fused_into = n;
    } else if (node.op == QUIPU_OP_ATTENTION && node.input_count > 2) {
      const quipu_node values = node.inputs[2];
      if (is_matrix(graph, values) && graph.nodes[values - 1]->op == QUIPU_OP_LINEAR &&
          facts[values].uses == 1 && values != output && facts[values].rows == Rows::tokens &&
          facts[values].fused_into == 0)
        facts[values].fused_into = n;
    }
  }
  return facts;
}

}  // namespace quipu_cpu
