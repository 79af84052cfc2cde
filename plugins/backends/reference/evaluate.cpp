#include "evaluate.h"

#include <string>

#include "quipu/sdk/plugin.h"

namespace quipu_reference {

Matrix evaluate(std::uint32_t op, const Operands& in, Cache& cache, std::uint32_t context) {
  switch (op) {
  case QUIPU_OP_WEIGHT:
    return {};
  case QUIPU_OP_EMBED:
    return embed(in);
  case QUIPU_OP_LINEAR:
    return linear(in);
  case QUIPU_OP_NORM:
    return norm(in);
  case QUIPU_OP_ROPE:
    return rope(in, context);
  case QUIPU_OP_ATTENTION:
    return attention(in, cache);
  case QUIPU_OP_ACTIVATION:
    return activation(in);
  case QUIPU_OP_GLU:
    return glu(in);
  case QUIPU_OP_MOE:
    return moe(in);
  case QUIPU_OP_ADD:
    return add(in);
  case QUIPU_OP_MUL:
    return mul(in);
  case QUIPU_OP_SCALE:
    return scale(in);
  case QUIPU_OP_CLAMP:
    return clamp(in);
  case QUIPU_OP_SOFTCAP:
    return softcap(in);
  case QUIPU_OP_SPLIT:
    return split(in);
  case QUIPU_OP_CONCAT:
    return concat(in);
  case QUIPU_OP_SELECT_OUTPUTS:
    return select_outputs(in);
  case QUIPU_OP_HOST:
    return host(in);
  }
  throw quipu::sdk::Error(QUIPU_E_UNSUPPORTED,
                          "reference: expected an operation of opset 1, found " +
                              std::to_string(op));
}

}  // namespace quipu_reference
