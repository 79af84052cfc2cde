// What a tensor is for, as far as the choice of its format goes, told by its name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "container.h"

namespace gguf {

enum class Role {
  output,
  embedding,
  values,  ///< projections to values, alone or together with others
  keys,
  queries,
  attention_output,
  up,
  gate,
  down,
  other
};

Role role_of(std::string_view tensor_name);

/// Whether a tensor is a weight matrix that bears quantisation: not a vector, and not one of the
/// small matrices (routers, convolutions, positions …) that models suffer from most.
bool is_quantised(const TensorInfo& tensor);

/// N of "blk.N.…", if any.
std::optional<std::uint32_t> layer_of(std::string_view tensor_name);

}  // namespace gguf
