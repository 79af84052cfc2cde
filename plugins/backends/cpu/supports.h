// Which nodes this backend runs.
#pragma once

#include "quipu/abi/backend.h"

namespace quipu_cpu {

bool supports(const quipu_graph_node& node) noexcept;

}  // namespace quipu_cpu
