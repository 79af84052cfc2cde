#include "plan.h"

#include <algorithm>
#include <string>

#include "evaluate.h"
#include "quipu/sdk/plugin.h"

namespace quipu_reference {

using quipu::sdk::Error;

Plan::Plan(const quipu_graph& graph, const quipu_plan_options& options)
    : graph_(graph), options_(options), cache_(graph, options), last_reader_(graph.node_count) {
  if (options.context == 0 || options.batch == 0 || options.sequences == 0 || options.cells == 0)
    throw Error(QUIPU_E_ARGUMENT, "expected a context, a batch, sequences and cells of 1 or more");
  if (options.kv_type > QUIPU_KV_F32)
    throw Error(QUIPU_E_ARGUMENT, "expected a cache of f16, q8_0 or f32, found type " +
                                      std::to_string(options.kv_type));
  for (quipu_node n = 1; n <= graph.node_count; ++n)
    for (std::uint32_t i = 0; i < graph.nodes[n - 1]->input_count; ++i)
      if (const quipu_node input = graph.nodes[n - 1]->inputs[i]) last_reader_[input - 1] = n;
  for (std::uint32_t i = 0; i < graph.output_count; ++i)
    last_reader_[graph.outputs[i].node - 1] = graph.node_count + 1;
}

quipu_node Plan::output_node(std::string_view role) const {
  for (std::uint32_t i = 0; i < graph_.output_count; ++i)
    if (quipu::sdk::view(graph_.outputs[i].role) == role) return graph_.outputs[i].node;
  throw Error(QUIPU_E_UNSUPPORTED, "the model has no output '" + std::string(role) + "'");
}

void Plan::check(const quipu_batch& batch) const {
  if (batch.count == 0 || batch.count > options_.batch)
    throw Error(QUIPU_E_ARGUMENT, "batch: expected 1 to " + std::to_string(options_.batch) +
                                      " tokens, found " + std::to_string(batch.count));
  if (!batch.tokens == !batch.embeddings)
    throw Error(QUIPU_E_ARGUMENT, "batch: expected either tokens or embeddings");
}

Matrix Plan::value_of(quipu_node output, const quipu_batch& batch) {
  std::vector<std::uint32_t> all, wanted;
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    all.push_back(i);
    if (batch.wanted[i]) wanted.push_back(i);
  }
  std::vector<Matrix> values(graph_.node_count);
  for (quipu_node n = 1; n <= graph_.node_count; ++n) {
    const quipu_graph_node& node = *graph_.nodes[n - 1];
    const Operands in(graph_, node, values, batch, node.after_select ? wanted : all,
                      options_.observer);
    values[n - 1] = evaluate(node.op, in, cache_, options_.context);
    for (std::uint32_t i = 0; i < node.input_count; ++i)
      if (const quipu_node input = node.inputs[i]; input && last_reader_[input - 1] == n)
        values[input - 1] = {};
  }
  return std::move(values[output - 1]);
}

void Plan::run(const quipu_batch& batch, std::string_view role, const quipu_output& output) {
  check(batch);
  const quipu_node node = output_node(role);
  const std::size_t width = graph_.nodes[node - 1]->width;
  const auto wanted = static_cast<std::size_t>(
      std::count_if(batch.wanted, batch.wanted + batch.count, [](auto w) { return w != 0; }));
  if (wanted > output.rows || (wanted && output.stride < width))
    throw Error(QUIPU_E_ARGUMENT, "output: expected room for " + std::to_string(wanted) +
                                      " rows of " + std::to_string(width) + ", found " +
                                      std::to_string(output.rows) + " of " +
                                      std::to_string(output.stride));
  cache_.begin(batch);
  try {
    const Matrix value = value_of(node, batch);
    for (std::size_t i = 0; i < value.rows; ++i)
      std::copy_n(value.row(i), width, output.values + i * output.stride);
  } catch (...) {
    cache_.rollback(batch);
    throw;
  }
}

}  // namespace quipu_reference
