// What a graph costs to run.
#pragma once

#include <cstdint>

#include "quipu/abi/backend.h"

namespace quipu_cpu {

/// Fills weight_bytes, multiply_adds and head_multiply_adds.
void count_work(const quipu_graph& graph, quipu_plan_facts& facts);

}  // namespace quipu_cpu
