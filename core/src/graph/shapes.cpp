#include "graph/shapes.h"

#include <cmath>

#include "model/extent.h"
#include "quipu/error.h"

namespace quipu {
namespace {

// Widths stay below this, so that sums and products of a few of them cannot overflow 64 bits.
constexpr std::uint64_t most_columns = 1u << 30;

// Inputs of one node under examination; the first thing that is wrong is kept.
class Node {
 public:
  Node(const Graph& graph, std::span<const quipu_node> inputs) : graph_(graph), inputs_(inputs) {}

  const Graph& graph() const { return graph_; }

  std::string problem;

  void require(bool holds, const std::string& what) {
    if (!holds && problem.empty()) problem = what;
  }

  bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i] != 0; }

  void takes(std::size_t least, std::size_t most) {
    require(inputs_.size() <= most, "expected at most " + std::to_string(most) + " inputs, found " +
                                        std::to_string(inputs_.size()));
    for (std::size_t i = 0; i < least; ++i)
      require(has(i), "input " + std::to_string(i) + " is missing");
  }

  const quipu_graph_node* node(std::size_t i) const {
    return has(i) ? &graph_.node(inputs_[i]) : nullptr;
  }
  bool is_weight(std::size_t i) const { return has(i) && node(i)->op == QUIPU_OP_WEIGHT; }

  /// Width of an input that must be a value.
  std::uint32_t value(std::size_t i) {
    require(has(i) && !is_weight(i),
            "input " + std::to_string(i) + ": expected a value, found a weight or nothing");
    return has(i) && !is_weight(i) ? node(i)->width : 0;
  }

  /// A weight of this shape, container order, trailing axes of 1 left out or not.
  void weight(std::size_t i, std::initializer_list<std::uint64_t> shape) {
    if (!is_weight(i)) {
      require(false, "input " + std::to_string(i) + ": expected a weight");
      return;
    }
    const quipu_tensor& tensor = *node(i)->weight;
    bool same = true;
    std::size_t axis = 0;
    for (const auto length : shape) same = same && tensor.shape[axis++] == length;
    for (; axis < 4; ++axis) same = same && tensor.shape[axis] == 1;
    require(same, "input " + std::to_string(i) + ": expected a weight " +
                      shape_text({shape.begin(), shape.size()}) + ", found " +
                      printable({tensor.name.data, tensor.name.size}) + " " +
                      shape_text({tensor.shape, tensor.rank}));
  }

  /// Width of a result, given as a product or sum that may be too large.
  std::uint32_t width(std::uint64_t columns) {
    require(columns && columns < most_columns,
            "expected a result of 1 to 2^30 - 1 columns, found " + std::to_string(columns));
    return columns < most_columns ? static_cast<std::uint32_t>(columns) : 1;
  }

  void optional_weight(std::size_t i, std::initializer_list<std::uint64_t> shape) {
    if (has(i)) weight(i, shape);
  }

  bool after_select() const {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (has(i) && node(i)->after_select) return true;
    return false;
  }

  /// All values have one row per token, or all have one per wanted token.
  void same_rows() {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (has(i) && !is_weight(i))
        require(static_cast<bool>(node(i)->after_select) == after_select(),
                "inputs before and after select_outputs are mixed");
  }

 private:
  const Graph& graph_;
  std::span<const quipu_node> inputs_;
};

template <class T>
const T& as(const void* attributes) {
  return *static_cast<const T*>(attributes);
}

void check_finite(Node& n, std::initializer_list<float> numbers) {
  for (const float x : numbers) n.require(std::isfinite(x), "attributes: expected finite numbers");
}

std::uint32_t check_embed(Node& n, const quipu_embed& a) {
  n.takes(1, 1);
  n.require(n.is_weight(0), "input 0: expected a weight");
  n.require(a.index <= QUIPU_EMBED_TOKEN_TYPES, "index: expected tokens, positions or token types");
  if (!n.is_weight(0)) return 0;
  const quipu_tensor& table = *n.node(0)->weight;
  n.weight(0, {table.shape[0], table.shape[1]});
  return n.width(table.shape[0]);
}

std::uint32_t check_linear(Node& n) {
  n.takes(2, 3);
  const std::uint64_t columns = n.value(0);
  n.require(n.is_weight(1), "input 1: expected a weight");
  if (!n.is_weight(1)) return 0;
  const quipu_tensor& matrix = *n.node(1)->weight;
  const std::uint64_t rows = matrix.shape[1], groups = matrix.shape[2];
  if (groups == 1) {
    n.weight(1, {columns, rows});
    n.optional_weight(2, {rows});
    return n.width(rows);
  }
  n.require(columns % groups == 0, "expected columns for " + std::to_string(groups) +
                                       " matrices, found " + std::to_string(columns));
  n.weight(1, {columns / groups, rows, groups});
  n.require(!n.has(2), "bias: expected none beside several matrices");
  return n.width(rows < most_columns ? rows * groups : rows);
}

// One number for each column of a group, or of all of them; then as rows of a group each, too.
void check_gains(Node& n, std::size_t i, std::uint32_t width, std::uint32_t group) {
  const quipu_tensor* gains = n.is_weight(i) ? n.node(i)->weight : nullptr;
  if (!gains || gains->shape[0] != group)
    n.weight(i, {width});
  else if (gains->shape[1] == 1)
    n.weight(i, {group});
  else
    n.weight(i, {group, group ? width / group : 0});
}

std::uint32_t check_norm(Node& n, const quipu_norm& a) {
  n.takes(1, 3);
  const std::uint32_t width = n.value(0);
  const std::uint32_t group = a.group ? a.group : width;
  n.require(a.kind <= QUIPU_NORM_LAYER, "kind: expected rms or layer");
  n.require(group && width % group == 0, "group: expected a divisor of the width " +
                                             std::to_string(width) + ", found " +
                                             std::to_string(group));
  n.require(std::isfinite(a.epsilon) && a.epsilon >= 0, "epsilon: expected a number, 0 or more");
  for (std::size_t i = 1; i <= 2; ++i)
    if (n.has(i)) check_gains(n, i, width, group);
  return width;
}

std::uint32_t check_rope(Node& n, const quipu_rope& a) {
  n.takes(1, 3);
  const std::uint32_t width = n.value(0);
  n.require(std::uint64_t{a.heads} * a.head_width == width,
            "expected heads * head_width = " + std::to_string(width) + ", found " +
                std::to_string(a.heads) + " * " + std::to_string(a.head_width));
  n.require(a.rotary && a.rotary % 2 == 0 && a.rotary <= a.head_width,
            "rotary: expected an even number up to the head width, found " +
                std::to_string(a.rotary));
  n.require(a.pairing <= QUIPU_ROPE_HALVES && a.scaling <= QUIPU_ROPE_SCALING_LONG,
            "pairing or scaling: expected one of opset 1, found " + std::to_string(a.pairing) +
                " and " + std::to_string(a.scaling));
  check_finite(n, {a.base, a.factor, a.magnitude, a.extrapolation, a.beta_fast, a.beta_slow});
  n.require(a.base > 0 && a.factor > 0, "base and factor: expected positive numbers");
  if (a.scaling == QUIPU_ROPE_SCALING_YARN)
    n.require(a.base > 1 && a.beta_fast > 0 && a.beta_slow > 0 && a.original_context,
              "yarn: expected base > 1, beta_fast and beta_slow > 0 and an original context");
  if (a.scaling == QUIPU_ROPE_SCALING_LONG)
    n.require(n.has(1) && n.has(2) && a.original_context,
              "long: expected short and long factors and an original context");
  std::uint64_t pairs = 0;
  for (const std::uint32_t section : a.sections) pairs += section;
  n.require(pairs <= a.rotary / 2, "sections: expected at most " + std::to_string(a.rotary / 2) +
                                       " pairs, found " + std::to_string(pairs));
  n.optional_weight(1, {a.rotary / 2});
  n.optional_weight(2, {a.rotary / 2});
  return width;
}

// A layer's keys and values are written by one node; others may read them in the same shape.
void check_cache(Node& n, const quipu_attention& a) {
  const quipu_graph_node* writer = n.graph().attention_of(a.layer);
  const auto layer = "layer " + std::to_string(a.layer);
  if (n.has(1) && n.has(2)) {
    n.require(!writer, layer + ": expected one node that writes its keys, found a second");
    return;
  }
  n.require(writer, layer + ": expected keys that an earlier node writes, found none");
  if (!writer) return;
  const auto& kept = as<quipu_attention>(writer->attributes);
  n.require(kept.kv_heads == a.kv_heads && kept.key_width == a.key_width &&
                kept.value_width == a.value_width,
            layer + ": expected the key heads and widths of the node that writes its keys");
}

std::uint32_t check_attention(Node& n, const quipu_attention& a) {
  n.takes(1, 4);
  n.require(a.heads && a.kv_heads && a.heads % a.kv_heads == 0,
            "expected kv_heads that divides heads, found " + std::to_string(a.kv_heads) + " and " +
                std::to_string(a.heads));
  n.require(a.key_width && a.value_width, "expected heads with a width");
  n.require(n.value(0) == std::uint64_t{a.heads} * a.key_width,
            "q: expected heads * key_width columns, found " + std::to_string(n.value(0)));
  n.require(n.has(1) == n.has(2), "expected both k and v, or neither");
  if (n.has(1) && n.has(2)) {
    n.require(n.value(1) == std::uint64_t{a.kv_heads} * a.key_width,
              "k: expected kv_heads * key_width columns, found " + std::to_string(n.value(1)));
    n.require(n.value(2) == std::uint64_t{a.kv_heads} * a.value_width,
              "v: expected kv_heads * value_width columns, found " + std::to_string(n.value(2)));
  }
  check_cache(n, a);
  n.optional_weight(3, {a.heads});
  n.require(!n.after_select(), "expected a value for every token");
  n.require(a.window_kind <= QUIPU_WINDOW_CHUNKED,
            "window_kind: expected sliding or chunked, found " + std::to_string(a.window_kind));
  n.require(a.causal <= 1, "causal: expected 0 or 1, found " + std::to_string(a.causal));
  check_finite(n, {a.scale, a.softcap, a.alibi_max_bias});
  n.require(a.softcap >= 0 && a.alibi_max_bias >= 0,
            "softcap and alibi_max_bias: expected 0 or more");
  return n.width(std::uint64_t{a.heads} * a.value_width);
}

std::uint32_t check_glu(Node& n, const quipu_activation& a) {
  n.takes(2, 2);
  const std::uint32_t width = n.value(0);
  n.require(n.value(1) == width, "expected gate and up of one width, found " +
                                     std::to_string(width) + " and " + std::to_string(n.value(1)));
  n.require(a.kind <= QUIPU_ACT_SWIGLU_CLAMPED,
            "kind: expected an activation, found " + std::to_string(a.kind));
  check_finite(n, {a.alpha, a.limit});
  return width;
}

std::uint32_t check_moe(Node& n, const quipu_moe& a) {
  n.takes(2, 12);
  const std::uint64_t width = n.value(0);
  const std::uint64_t experts = a.experts;
  n.require(experts && a.used && a.used <= experts, "expected 1 to " + std::to_string(experts) +
                                                        " experts in use, found " +
                                                        std::to_string(a.used));
  n.require(a.router <= QUIPU_ROUTER_SOFTMAX_TOP && a.activation <= QUIPU_ACT_SWIGLU_CLAMPED,
            "router or activation: expected one of opset 1, found " + std::to_string(a.router) +
                " and " + std::to_string(a.activation));
  n.require(n.has(4) || a.activation <= QUIPU_ACT_TANH,
            "activation: expected one of one input, as there is no gate");
  n.require(a.groups == 0 ||
                (experts % a.groups == 0 && a.groups_used && a.groups_used <= a.groups &&
                 a.used <= experts / a.groups * a.groups_used),
            "groups: expected a divisor of " + std::to_string(experts) +
                " experts, and groups in use that hold all experts in use, found " +
                std::to_string(a.groups) + " and " + std::to_string(a.groups_used));
  n.require(a.group_best <= 2,
            "group_best: expected 0 to 2, found " + std::to_string(a.group_best));
  check_finite(n, {a.scale, a.alpha, a.limit});
  n.weight(1, {n.has(11) ? n.value(11) : width, experts});
  n.require(n.is_weight(5) && n.is_weight(6), "expected up and down weights");
  const std::uint64_t hidden = n.is_weight(5) ? n.node(5)->weight->shape[1] : 0;
  n.optional_weight(2, {experts});
  n.optional_weight(3, {experts});
  n.optional_weight(4, {width, hidden, experts});
  n.weight(5, {width, hidden, experts});
  n.weight(6, {hidden, width, experts});
  n.optional_weight(7, {hidden, experts});
  n.optional_weight(8, {hidden, experts});
  n.optional_weight(9, {width, experts});
  n.optional_weight(10, {experts});
  n.width(hidden);
  return static_cast<std::uint32_t>(width);
}

std::uint32_t check_binary(Node& n) {
  n.takes(2, 2);
  const std::uint32_t width = n.value(0);
  if (n.is_weight(1))
    n.weight(1, {width});
  else
    n.require(n.value(1) == width || n.value(1) == 1, "expected operands of one width, found " +
                                                          std::to_string(width) + " and " +
                                                          std::to_string(n.value(1)));
  return width;
}

void check_scale(Node& n, std::uint32_t op, const quipu_scale& a) {
  check_finite(n, {a.factor, a.period});
  if (op == QUIPU_OP_SOFTCAP) {
    n.require(a.factor > 0, "cap: expected a positive number");
    return;
  }
  n.require(a.kind <= QUIPU_SCALE_POSITION, "kind: expected constant or by position");
  n.require(a.kind == QUIPU_SCALE_CONSTANT || a.period > 0, "period: expected a positive number");
}

std::uint32_t check_split(Node& n, const quipu_split& a) {
  n.takes(1, 1);
  const std::uint32_t width = n.value(0);
  const bool groups = a.groups && width % a.groups == 0;
  n.require(groups, "groups: expected a divisor of the width " + std::to_string(width) +
                        ", found " + std::to_string(a.groups));
  const std::uint32_t group = groups ? width / a.groups : 0;
  n.require(a.count && a.first <= group && a.count <= group - a.first,
            "expected columns within a group of " + std::to_string(group));
  return groups && a.count <= group ? a.groups * a.count : width;
}

std::uint32_t check_concat(Node& n, const quipu_concat& a) {
  n.takes(2, 2);
  const std::uint64_t first = n.value(0), second = n.value(1);
  n.require(a.groups && first % a.groups == 0 && (a.shared || second % a.groups == 0),
            "groups: expected a divisor of the widths " + std::to_string(first) + " and " +
                std::to_string(second) + ", found " + std::to_string(a.groups));
  n.require(a.shared <= 1, "shared: expected 0 or 1, found " + std::to_string(a.shared));
  return n.width(first + second * (a.shared ? a.groups : 1));
}

}  // namespace

Shape check_node(const Graph& graph, std::uint32_t op, std::span<const quipu_node> inputs,
                 const void* attributes) {
  Node n(graph, inputs);
  Shape shape;
  switch (op) {
  case QUIPU_OP_EMBED:
    shape.width = check_embed(n, as<quipu_embed>(attributes));
    break;
  case QUIPU_OP_LINEAR:
    shape.width = check_linear(n);
    break;
  case QUIPU_OP_NORM:
    shape.width = check_norm(n, as<quipu_norm>(attributes));
    break;
  case QUIPU_OP_ROPE:
    shape.width = check_rope(n, as<quipu_rope>(attributes));
    break;
  case QUIPU_OP_ATTENTION:
    shape.width = check_attention(n, as<quipu_attention>(attributes));
    break;
  case QUIPU_OP_ACTIVATION:
    n.takes(1, 1);
    n.require(as<quipu_activation>(attributes).kind <= QUIPU_ACT_TANH,
              "kind: expected an activation of one input");
    shape.width = n.value(0);
    break;
  case QUIPU_OP_GLU:
    shape.width = check_glu(n, as<quipu_activation>(attributes));
    break;
  case QUIPU_OP_MOE:
    shape.width = check_moe(n, as<quipu_moe>(attributes));
    break;
  case QUIPU_OP_ADD:
  case QUIPU_OP_MUL:
    shape.width = check_binary(n);
    break;
  case QUIPU_OP_SCALE:
  case QUIPU_OP_SOFTCAP:
    n.takes(1, 1);
    check_scale(n, op, as<quipu_scale>(attributes));
    shape.width = n.value(0);
    break;
  case QUIPU_OP_CLAMP:
    n.takes(1, 1);
    n.require(as<quipu_clamp>(attributes).low <= as<quipu_clamp>(attributes).high,
              "expected low <= high");
    shape.width = n.value(0);
    break;
  case QUIPU_OP_SPLIT:
    shape.width = check_split(n, as<quipu_split>(attributes));
    break;
  case QUIPU_OP_CONCAT:
    shape.width = check_concat(n, as<quipu_concat>(attributes));
    break;
  case QUIPU_OP_SELECT_OUTPUTS:
    n.takes(1, 1);
    n.require(!n.after_select(), "expected a value for every token");
    shape.width = n.value(0);
    break;
  case QUIPU_OP_HOST:
    n.takes(0, 8);
    n.require(as<quipu_host_op>(attributes).run && as<quipu_host_op>(attributes).name,
              "expected a name and a function");
    shape.width = n.width(as<quipu_host_op>(attributes).width);
    break;
  default:
    n.require(false, "expected an operation of opset " + std::to_string(QUIPU_OPSET) + ", found " +
                         std::to_string(op));
    break;
  }
  n.same_rows();
  shape.after_select = op == QUIPU_OP_SELECT_OUTPUTS || n.after_select();
  shape.problem = n.problem;
  return shape;
}

}  // namespace quipu
