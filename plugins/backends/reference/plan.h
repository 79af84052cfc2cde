// A graph that runs node by node.
#pragma once

#include <string_view>
#include <vector>

#include "cache.h"
#include "matrix.h"
#include "quipu/abi/backend.h"

namespace quipu_reference {

class Plan {
 public:
  Plan(const quipu_graph& graph, const quipu_plan_options& options);

  void facts(quipu_plan_facts& facts) const;
  void run(const quipu_batch& batch, std::string_view role, const quipu_output& output);
  void kv_edit(std::uint32_t edit, std::uint32_t sequence, std::int32_t first, std::int32_t last,
               std::int64_t argument) {
    cache_.edit(edit, sequence, first, last, argument);
  }
  std::uint64_t kv_free_cells() const { return cache_.free_cells(); }
  std::uint64_t kv_size(std::uint32_t sequence) const { return cache_.saved_size(sequence); }
  void kv_save(std::uint32_t sequence, std::span<std::byte> out) const {
    cache_.save(sequence, out);
  }
  void kv_load(std::uint32_t sequence, std::span<const std::byte> in) { cache_.load(sequence, in); }

 private:
  void check(const quipu_batch& batch) const;
  quipu_node output_node(std::string_view role) const;
  Matrix value_of(quipu_node output, const quipu_batch& batch);

  const quipu_graph& graph_;
  quipu_plan_options options_;
  Cache cache_;
  std::vector<quipu_node> last_reader_;  // of node n at [n - 1]
};

}  // namespace quipu_reference
