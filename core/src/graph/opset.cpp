#include "graph/opset.h"

#include <array>

#include "quipu/abi/architecture.h"

namespace quipu {
namespace {

constexpr std::array op_names = {"weight",    "embed",          "linear", "norm",    "rope",
                                 "attention", "activation",     "glu",    "moe",     "add",
                                 "mul",       "scale",          "clamp",  "softcap", "split",
                                 "concat",    "select_outputs", "host"};

}  // namespace

std::string_view op_name(std::uint32_t op) {
  return op < op_names.size() ? op_names[op] : "unknown";
}

std::size_t attribute_bytes(std::uint32_t op) {
  switch (op) {
  case QUIPU_OP_EMBED:
    return sizeof(quipu_embed);
  case QUIPU_OP_NORM:
    return sizeof(quipu_norm);
  case QUIPU_OP_ROPE:
    return sizeof(quipu_rope);
  case QUIPU_OP_ATTENTION:
    return sizeof(quipu_attention);
  case QUIPU_OP_ACTIVATION:
  case QUIPU_OP_GLU:
    return sizeof(quipu_activation);
  case QUIPU_OP_MOE:
    return sizeof(quipu_moe);
  case QUIPU_OP_SCALE:
  case QUIPU_OP_SOFTCAP:
    return sizeof(quipu_scale);
  case QUIPU_OP_CLAMP:
    return sizeof(quipu_clamp);
  case QUIPU_OP_SPLIT:
    return sizeof(quipu_split);
  case QUIPU_OP_CONCAT:
    return sizeof(quipu_concat);
  case QUIPU_OP_HOST:
    return sizeof(quipu_host_op);
  default:
    return 0;
  }
}

}  // namespace quipu
