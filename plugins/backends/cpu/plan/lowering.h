// A graph turned into a program: which nodes run, on which rows, and what is fused into what.
#pragma once

#include <map>
#include <vector>

#include "plan/cache_layers.h"
#include "plan/program.h"
#include "plan/weights.h"
#include "quipu/abi/backend.h"
#include "stages/attend.h"
#include "stages/row_kernels.h"

namespace quipu_cpu {

/// What lowering is done for.
struct Target {
  std::uint32_t isa;
  std::uint32_t context;
  const RowKernels& kernels;
  const KvCache& cache;
  const CacheLayers& layers;
  Weights& weights;
  const quipu_observer* observer;  ///< or null
};

/// What the nodes of a graph have in common with their neighbours.
struct NodeFacts {
  bool needed = false;  ///< the output depends on it
  Rows rows = Rows::tokens;
  std::uint32_t uses = 0;       ///< inputs of needed nodes that it is
  bool only_multiplied = true;  ///< all of them are products with weight matrices
  quipu_node fused_into = 0;    ///< the node whose job computes this one too
};

/// Facts of nodes 1 … node_count; index 0 is unused. A node whose every reader looks at wanted
/// tokens only is computed for those alone, so the last layer of a prompt costs one token.
std::vector<NodeFacts> analyse(const quipu_graph& graph, quipu_node output);

/// Where the caller's output goes and what has to be prepared before the stages run.
struct Lowered {
  Matrix* output;  ///< [wanted tokens, width]; data and stride are set for each run
  std::vector<AttentionGroup*> attention;
};

/// Adds jobs to a program until it computes `output` of the graph.
Lowered lower(const quipu_graph& graph, quipu_node output, const Target& target, Program& program);

}  // namespace quipu_cpu
