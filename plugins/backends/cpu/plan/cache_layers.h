// What the attention nodes of a graph keep of every token.
#pragma once

#include <map>
#include <vector>

#include "attention/kv_cache.h"
#include "plan/weights.h"
#include "quipu/abi/backend.h"

namespace quipu_cpu {

struct CacheLayers {
  std::vector<KvLayer> layers;
  std::map<std::uint32_t, std::uint32_t> index;  ///< of quipu_attention.layer in `layers`
  /// False when a token's values depend on its position in a way that turning keys cannot follow.
  bool can_shift = true;
  std::uint64_t identity = 0;  ///< of the model: names, shapes and some of its numbers
};

/// Throws sdk::Error when two nodes that share a layer disagree about its shape. `context` decides
/// which factors LONG rope takes.
CacheLayers cache_layers(const quipu_graph& graph, std::uint32_t context, Weights& weights);

/// The node whose weight holds the factors of a ROPE node, or 0.
quipu_node rope_factors(const quipu_graph_node& rope, std::uint32_t context) noexcept;

}  // namespace quipu_cpu
