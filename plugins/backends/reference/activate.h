// The activation functions of opset 1.
#pragma once

#include <cstdint>

#include "quipu/abi/architecture.h"

namespace quipu_reference {

/// kind is one of QUIPU_ACT_* that take one input.
double activate(std::uint32_t kind, double x);

/// activation(gate) * up, and the pair that SWIGLU_CLAMPED makes of them.
double gated(const quipu_activation& activation, double gate, double up);

}  // namespace quipu_reference
