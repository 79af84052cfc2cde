// Implements quipu_builder: adds nodes to a Graph and checks each as it comes.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"
#include "quipu/model_file.h"

namespace quipu {

class Registry;

/// What is wrong with a model is noted, with the name of the tensor or node, and building goes on
/// with the value that was meant; after too many problems calls fail. Lives for one build.
class Builder {
 public:
  Builder(Graph& graph, const ModelFile& file, Registry& registry);

  const quipu_builder& table() const noexcept { return table_; }

  const std::vector<std::string>& problems() const noexcept { return problems_; }
  const std::vector<std::string>& missing_plugins() const noexcept { return missing_plugins_; }
  /// Tensors of the file that were neither asked for nor ignored.
  std::vector<std::string> unused() const;

 private:
  quipu_status weight(std::string_view name, std::span<const std::uint64_t> shape,
                      std::uint32_t flags, quipu_node* node);
  quipu_status op(std::uint32_t op, std::span<const quipu_node> inputs, const void* attributes,
                  quipu_node* node);
  quipu_status output(quipu_node node, std::string_view role);
  quipu_status same_again(std::string_view name, std::span<const std::uint64_t> shape,
                          const quipu_tensor& before);
  quipu_status note(const std::string& problem);
  bool full(const std::string& where);
  quipu_node add_missing_weight(std::string_view name, std::span<const std::uint64_t> shape);

  Graph& graph_;
  const ModelFile& file_;
  Registry& registry_;
  quipu_builder table_{};
  std::vector<std::string> problems_, missing_plugins_;
  std::set<std::string> missing_types_;
  std::set<std::string, std::less<>> known_;  // tensors asked for or ignored
  std::unordered_map<std::string, quipu_node> weights_;
};

}  // namespace quipu
