// Copies of weights in the order in which they are multiplied with many tokens.
#pragma once

#include <map>

#include "matmul/strips.h"
#include "plan/arena.h"
#include "pool.h"
#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// What it gives lives as long as it does.
class Copies {
 public:
  /// None.
  Copies() = default;
  /// Of all weights that nodes of the graph multiply with and that can be copied, made by all
  /// threads. Throws QUIPU_E_MEMORY before it makes any.
  Copies(const quipu_graph& graph, const quipu_plan_options& options, std::uint32_t isa,
         Pool& pool);

  std::uint64_t bytes() const noexcept { return memory_.bytes(); }
  /// Gives the matrix its copy, if there is one: of slice `index` of its tensor.
  void apply(WeightMatrix& matrix, std::uint64_t index) const;

 private:
  struct Copy {
    StripForm form;
    std::byte* strips;  // of the first slice
    std::uint64_t slice_bytes;
  };

  std::map<const quipu_tensor*, Copy> copies_;
  Arena memory_;
};

}  // namespace quipu_cpu
