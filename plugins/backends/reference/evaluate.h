// One function per operation of opset 1; quipu/abi/architecture.h says what each computes.
#pragma once

#include "cache.h"
#include "operands.h"

namespace quipu_reference {

/// The value of a node. `context` decides between the factors of LONG rope.
Matrix evaluate(std::uint32_t op, const Operands& in, Cache& cache, std::uint32_t context);

Matrix embed(const Operands& in);
Matrix linear(const Operands& in);
Matrix norm(const Operands& in);
Matrix rope(const Operands& in, std::uint32_t context);
Matrix attention(const Operands& in, Cache& cache);
Matrix activation(const Operands& in);
Matrix glu(const Operands& in);
Matrix moe(const Operands& in);
Matrix add(const Operands& in);
Matrix mul(const Operands& in);
Matrix scale(const Operands& in);
Matrix clamp(const Operands& in);
Matrix softcap(const Operands& in);
Matrix split(const Operands& in);
Matrix concat(const Operands& in);
Matrix select_outputs(const Operands& in);
Matrix host(const Operands& in);

}  // namespace quipu_reference
