// The graph of a model as an architecture builds it: nodes and weights with stable addresses, seen
// by backends as quipu_graph.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quipu/abi/backend.h"

namespace quipu {

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// Adds a node and gives its number, from 1. Attributes are copied.
  quipu_node add(std::uint32_t op, std::vector<quipu_node> inputs,
                 std::vector<std::byte> attributes, std::uint32_t width, bool after_select);
  quipu_node add_weight(quipu_tensor tensor, std::string name);
  /// False when there is an output of that role already.
  bool add_output(quipu_node node, std::string role);
  const quipu_graph_node* output(std::string_view role) const;

  std::size_t size() const noexcept { return pointers_.size(); }
  const quipu_graph_node& node(quipu_node n) const { return *pointers_[n - 1]; }
  /// The attention that writes the keys of a layer, or nothing.
  const quipu_graph_node* attention_of(std::uint32_t layer) const;

  /// Valid as long as this object; call after the last change.
  const quipu_graph& view();

 private:
  struct Storage {
    std::vector<quipu_node> inputs;
    std::vector<std::byte> attributes;
  };

  // Deques, so that what backends point to stays where it is.
  std::deque<quipu_graph_node> nodes_;
  std::deque<Storage> storage_;
  std::deque<quipu_tensor> tensors_;
  std::deque<std::string> texts_;
  std::unordered_map<std::uint32_t, quipu_node> layers_;
  std::vector<const quipu_graph_node*> pointers_;
  std::vector<quipu_graph_output> outputs_;
  quipu_graph view_{};
};

}  // namespace quipu
