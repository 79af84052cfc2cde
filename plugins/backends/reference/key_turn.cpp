#include "key_turn.h"

#include "rope.h"
#include "weights.h"

namespace quipu_reference {
namespace {

const quipu_graph_node& node_of(const quipu_graph& graph, quipu_node number) {
  return *graph.nodes[number - 1];
}

template <class Attributes>
const Attributes& attributes(const quipu_graph_node& node) {
  return *static_cast<const Attributes*>(node.attributes);
}

// Whether a value depends on positions other than through attention, whose results only know
// distances.
bool knows_positions(const quipu_graph& graph, quipu_node value) {
  std::vector<bool> seen(graph.node_count + 1);
  std::vector<quipu_node> next{value};
  while (!next.empty()) {
    const quipu_node number = next.back();
    next.pop_back();
    if (number == 0 || seen[number]) continue;
    seen[number] = true;
    const quipu_graph_node& node = node_of(graph, number);
    if (node.op == QUIPU_OP_ROPE) return true;
    if (node.op == QUIPU_OP_EMBED && attributes<quipu_embed>(node).index == QUIPU_EMBED_POSITIONS)
      return true;
    if (node.op == QUIPU_OP_SCALE && attributes<quipu_scale>(node).kind == QUIPU_SCALE_POSITION)
      return true;
    if (node.op != QUIPU_OP_ATTENTION)
      next.insert(next.end(), node.inputs, node.inputs + node.input_count);
  }
  return false;
}

// Past scaling by a constant, which turns leave alone.
quipu_node unscaled(const quipu_graph& graph, quipu_node value) {
  while (node_of(graph, value).op == QUIPU_OP_SCALE &&
         attributes<quipu_scale>(node_of(graph, value)).kind == QUIPU_SCALE_CONSTANT)
    value = node_of(graph, value).inputs[0];
  return value;
}

KeyTurn turn_of(const quipu_graph& graph, const quipu_graph_node& rope, std::size_t first,
                std::uint32_t context) {
  KeyTurn turn;
  turn.rope = attributes<quipu_rope>(rope);
  turn.first = first;
  const bool stretched =
      turn.rope.scaling == QUIPU_ROPE_SCALING_LONG && context > turn.rope.original_context;
  const std::size_t input = stretched ? 2 : 1;
  const bool has_factors = input < rope.input_count && rope.inputs[input] != 0;
  turn.frequencies =
      rope_frequencies(turn.rope, has_factors ? read_all(*node_of(graph, rope.inputs[input]).weight)
                                              : std::vector<float>{});
  // What comes before the rope must not know positions of its own.
  turn.possible = !knows_positions(graph, rope.inputs[0]);
  return turn;
}

}  // namespace

KeyTurn key_turn(const quipu_graph& graph, const quipu_graph_node& attention,
                 std::uint32_t context) {
  const auto& a = attributes<quipu_attention>(attention);
  const quipu_node keys = unscaled(graph, attention.inputs[1]);
  const quipu_graph_node& node = node_of(graph, keys);
  if (node.op == QUIPU_OP_ROPE && attributes<quipu_rope>(node).head_width == a.key_width)
    return turn_of(graph, node, 0, context);
  if (node.op == QUIPU_OP_CONCAT) {
    // Heads made of a part without a rope and one with it: arXiv:2405.04434, section 2.1.3.
    const quipu_graph_node& turned = node_of(graph, unscaled(graph, node.inputs[1]));
    if (turned.op == QUIPU_OP_ROPE && attributes<quipu_concat>(node).groups == a.kv_heads &&
        !knows_positions(graph, node.inputs[0])) {
      const auto width = attributes<quipu_rope>(turned).head_width;
      if (width < a.key_width) return turn_of(graph, turned, a.key_width - width, context);
    }
  }
  KeyTurn still;
  still.possible = !knows_positions(graph, keys);
  return still;
}

}  // namespace quipu_reference
