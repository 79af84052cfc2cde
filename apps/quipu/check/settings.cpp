// Settings of a model that its architecture takes and that contradict all the same.
#include <cmath>
#include <set>

#include "stages.h"

namespace quipu::app {
namespace {

void check_context(Subject& subject, StageResult& result) {
  const Metadata& metadata = subject.file->metadata();
  const std::string key = subject.file->architecture() + ".context_length";
  const auto context = metadata.integer(key);
  if (!context)
    warn(result, printable(key) + ": expected the tokens that the model was trained for, found no "
                                  "such key");
  else if (*context < 1)
    fail(result, exit_invalid,
         printable(key) + ": expected a positive number, found " + std::to_string(*context));
}

// Bases below this turn within a few tokens as far as they can; above the other, positions of any
// context look alike to most pairs. Models have 10,000 to 100,000,000.
constexpr float least_base = 100, most_base = 1e12f;

void check_rope(const Subject& subject, const quipu_rope& rope, std::uint32_t context,
                std::set<std::string>& oddities) {
  const std::string prefix = printable(subject.file->architecture()) + ".rope.";
  if (rope.base < least_base || rope.base > most_base)
    oddities.insert(prefix + "freq_base: expected 10,000 or so, found " +
                    std::to_string(rope.base));
  if (rope.scaling == QUIPU_ROPE_SCALING_NONE) return;
  if (rope.factor < 1)
    oddities.insert(prefix + "scaling.factor: expected 1 or more, found " +
                    std::to_string(rope.factor));
  if (context && rope.original_context > context)
    oddities.insert(prefix + "scaling.original_context_length: expected at most the context " +
                    std::to_string(context) + ", found " + std::to_string(rope.original_context));
}

// What angles are divided by.
void check_factors(const Subject& subject, const quipu_tensor& weight, StageResult& result) {
  const std::string name(weight.name.data, weight.name.size);
  const TensorEntry* tensor = subject.file->tensor(name);
  if (!tensor || !tensor->data) return;
  const quipu_codec& codec = subject.registry.codec(tensor->type);
  const std::uint64_t blocks = (tensor->shape[0] + codec.block_columns - 1) / codec.block_columns;
  std::vector<float> factors(blocks * codec.block_columns);
  codec.dequantize(tensor->data, factors.size(), factors.data());
  for (std::size_t i = 0; i < tensor->shape[0]; ++i)
    if (!(factors[i] > 0))
      return fail(result, exit_invalid,
                  printable(name) + ": expected positive numbers, found " +
                      std::to_string(factors[i]) + " at element " + std::to_string(i));
}

// The weight that makes logits, where it is the table of tokens as well: by design in small models,
// by mistake in a file that lost its output layer.
const quipu_tensor* tied_output(const quipu_graph& graph) {
  std::set<const quipu_tensor*> tables;
  for (std::uint32_t i = 0; i < graph.node_count; ++i)
    if (graph.nodes[i]->op == QUIPU_OP_EMBED)
      tables.insert(graph.nodes[graph.nodes[i]->inputs[0] - 1]->weight);
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    if (node.op != QUIPU_OP_LINEAR) continue;
    const quipu_tensor* weight = graph.nodes[node.inputs[1] - 1]->weight;
    if (weight && tables.contains(weight)) return weight;
  }
  return nullptr;
}

}  // namespace

void check_settings(Subject& subject, StageResult& result) {
  check_context(subject, result);
  const Model* model = subject.model_if_whole();
  if (!model) return;
  std::set<std::string> oddities;
  std::set<const quipu_tensor*> factors;
  const quipu_graph& graph = model->graph();
  for (std::uint32_t i = 0; i < graph.node_count; ++i) {
    const quipu_graph_node& node = *graph.nodes[i];
    if (node.op != QUIPU_OP_ROPE) continue;
    check_rope(subject, *static_cast<const quipu_rope*>(node.attributes), model->facts().context,
               oddities);
    for (std::uint32_t input = 1; input < node.input_count; ++input)
      if (node.inputs[input]) factors.insert(graph.nodes[node.inputs[input] - 1]->weight);
  }
  for (const auto& oddity : oddities) warn(result, oddity);
  for (const quipu_tensor* weight : factors)
    if (weight) check_factors(subject, *weight, result);
  if (const quipu_tensor* tied = tied_output(graph))
    note(result, "no output layer of its own; " +
                     printable(std::string(tied->name.data, tied->name.size)) + " serves");
}

}  // namespace quipu::app
