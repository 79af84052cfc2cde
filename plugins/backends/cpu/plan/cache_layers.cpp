#include "plan/cache_layers.h"

#include <algorithm>
#include <string>

#include "quipu/sdk/plugin.h"
#include "stages/rope.h"

namespace quipu_cpu {
namespace {

namespace sdk = quipu::sdk;

class Reader {
 public:
  Reader(const quipu_graph& graph, std::uint32_t context, Weights& weights)
      : graph_(graph), context_(context), weights_(weights) {}

  /// How the keys of an attention node turn; clears can_shift when that cannot be said.
  KeyRotation rotation(quipu_node key, const quipu_attention& attention, bool& can_shift) const {
    std::uint32_t first_column = 0;
    const quipu_graph_node* node = &at(key);
    if (node->op == QUIPU_OP_CONCAT &&
        static_cast<const quipu_concat*>(node->attributes)->groups == attention.kv_heads &&
        at(node->inputs[1]).op == QUIPU_OP_ROPE && !turns(node->inputs[0])) {
      first_column = at(node->inputs[0]).width / attention.kv_heads;
      node = &at(node->inputs[1]);
    }
    if (node->op != QUIPU_OP_ROPE || turns(node->inputs[0])) {
      if (turns(key)) can_shift = false;
      return {};
    }
    const quipu_rope& rope = *static_cast<const quipu_rope*>(node->attributes);
    const quipu_node factors = rope_factors(*node, context_);
    return {rope.rotary, rope.pairing, first_column,
            rope_frequencies(rope, factors ? weights_.floats(*at(factors).weight) : nullptr)};
  }

 private:
  const quipu_graph_node& at(quipu_node n) const { return *graph_.nodes[n - 1]; }

  /// Whether a value of the same layer depends on positions.
  bool turns(quipu_node start) const {
    std::vector<quipu_node> open{start};
    std::vector<bool> seen(graph_.node_count + 1);
    while (!open.empty()) {
      const quipu_node n = open.back();
      open.pop_back();
      if (n == 0 || seen[n]) continue;
      seen[n] = true;
      const quipu_graph_node& node = at(n);
      if (node.op == QUIPU_OP_ROPE) return true;
      if (node.op == QUIPU_OP_SCALE &&
          static_cast<const quipu_scale*>(node.attributes)->kind == QUIPU_SCALE_POSITION)
        return true;
      if (node.op == QUIPU_OP_ATTENTION) continue;
      open.insert(open.end(), node.inputs, node.inputs + node.input_count);
    }
    return false;
  }

  const quipu_graph& graph_;
  std::uint32_t context_;
  Weights& weights_;
};

/// FNV-1a.
void mix(std::uint64_t& hash, const void* data, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3u;
}

std::uint64_t identity_of(const quipu_graph& graph) {
  // Of the numbers only those of vectors are looked at: they are few, and are read anyway.
  constexpr std::uint64_t most_bytes = 256;
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    mix(hash, &node.op, sizeof node.op);
    mix(hash, &node.width, sizeof node.width);
    if (node.op != QUIPU_OP_WEIGHT) continue;
    mix(hash, node.weight->name.data, node.weight->name.size);
    mix(hash, node.weight->shape, sizeof node.weight->shape);
    if (node.weight->rank == 1)
      mix(hash, node.weight->data, std::min(node.weight->row_bytes, most_bytes));
  }
  return hash;
}

}  // namespace

quipu_node rope_factors(const quipu_graph_node& node, std::uint32_t context) noexcept {
  const quipu_rope& rope = *static_cast<const quipu_rope*>(node.attributes);
  const bool is_long = rope.scaling == QUIPU_ROPE_SCALING_LONG && context > rope.original_context;
  const std::uint32_t input = is_long ? 2 : 1;
  return input < node.input_count ? node.inputs[input] : 0;
}

CacheLayers cache_layers(const quipu_graph& graph, std::uint32_t context, Weights& weights) {
  CacheLayers result;
  result.identity = identity_of(graph);
  const Reader reader(graph, context, weights);
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    if (node.op == QUIPU_OP_EMBED &&
        static_cast<const quipu_embed*>(node.attributes)->index == QUIPU_EMBED_POSITIONS)
      result.can_shift = false;
    if (node.op != QUIPU_OP_ATTENTION) continue;
    const quipu_attention& attention = *static_cast<const quipu_attention*>(node.attributes);
    const auto [at, added] =
        result.index.try_emplace(attention.layer, static_cast<std::uint32_t>(result.layers.size()));
    if (added) {
      if (node.input_count < 3 || node.inputs[1] == 0 || node.inputs[2] == 0)
        throw sdk::Error(QUIPU_E_INVALID, "attention of layer " + std::to_string(attention.layer) +
                                              ": expected keys and values, found none, nor an "
                                              "earlier node that wrote them");
      result.layers.push_back({attention.kv_heads, attention.key_width, attention.value_width,
                               reader.rotation(node.inputs[1], attention, result.can_shift)});
      continue;
    }
    const KvLayer& layer = result.layers[at->second];
    if (layer.kv_heads != attention.kv_heads || layer.key_width != attention.key_width ||
        layer.value_width != attention.value_width)
      throw sdk::Error(QUIPU_E_UNSUPPORTED,
                       "attention of layer " + std::to_string(attention.layer) +
                           ": expected the key and value heads of the node that it shares a cache "
                           "with, found others");
  }
  return result;
}

}  // namespace quipu_cpu
