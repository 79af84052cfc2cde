// The instruction sets of this machine.
#pragma once

#include <cstdint>
#include <vector>

#include "quipu/abi/isa.h"

namespace quipu {

/// All levels that the processor has, ascending: what QUIPU_ISA in the environment may name.
/// Without it Registry::isa() tells plugins the last but AMX.
const std::vector<std::uint32_t>& processor_isas();

}  // namespace quipu
