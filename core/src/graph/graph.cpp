#include "graph/graph.h"

#include <utility>

namespace quipu {

quipu_node Graph::add(std::uint32_t op, std::vector<quipu_node> inputs,
                      std::vector<std::byte> attributes, std::uint32_t width, bool after_select) {
  auto& storage = storage_.emplace_back(Storage{std::move(inputs), std::move(attributes)});
  quipu_graph_node node{};
  node.size = sizeof node;
  node.op = op;
  node.input_count = static_cast<std::uint32_t>(storage.inputs.size());
  node.width = width;
  node.inputs = storage.inputs.data();
  node.attributes = storage.attributes.empty() ? nullptr : storage.attributes.data();
  node.after_select = after_select;
  pointers_.push_back(&nodes_.emplace_back(node));
  const auto number = static_cast<quipu_node>(pointers_.size());
  if (op == QUIPU_OP_ATTENTION && node.attributes)
    layers_.try_emplace(static_cast<const quipu_attention*>(node.attributes)->layer, number);
  return number;
}

const quipu_graph_node* Graph::attention_of(std::uint32_t layer) const {
  const auto found = layers_.find(layer);
  return found == layers_.end() ? nullptr : pointers_[found->second - 1];
}

quipu_node Graph::add_weight(quipu_tensor tensor, std::string name) {
  const auto& kept = texts_.emplace_back(std::move(name));
  tensor.size = sizeof tensor;
  tensor.name = {kept.data(), kept.size()};
  quipu_graph_node node{};
  node.size = sizeof node;
  node.op = QUIPU_OP_WEIGHT;
  node.weight = &tensors_.emplace_back(tensor);
  pointers_.push_back(&nodes_.emplace_back(node));
  return static_cast<quipu_node>(pointers_.size());
}

bool Graph::add_output(quipu_node node, std::string role) {
  if (output(role)) return false;
  const auto& kept = texts_.emplace_back(std::move(role));
  outputs_.push_back({node, 0, {kept.data(), kept.size()}});
  return true;
}

const quipu_graph_node* Graph::output(std::string_view role) const {
  for (const auto& output : outputs_)
    if (std::string_view(output.role.data, output.role.size) == role)
      return pointers_[output.node - 1];
  return nullptr;
}

const quipu_graph& Graph::view() {
  view_.size = sizeof view_;
  view_.opset = QUIPU_OPSET;
  view_.node_count = static_cast<std::uint32_t>(pointers_.size());
  view_.output_count = static_cast<std::uint32_t>(outputs_.size());
  view_.nodes = pointers_.data();
  view_.outputs = outputs_.data();
  return view_;
}

}  // namespace quipu
