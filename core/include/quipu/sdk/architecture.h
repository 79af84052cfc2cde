// Architectures in C++. An architecture is a class with
//
//   static constexpr std::string_view name;                          "mine"
//   static int claim(const Model& model);                            0 (no) to 100
//   static void build(const Model& model, Graph& graph);             the network, as its paper
//   draws it
//
// and one line: QUIPU_ARCHITECTURE_PLUGIN(Mine, "0.1.0", "Apache-2.0", "mine"). The last argument
// lists the values of general.architecture that it wants to be asked about, separated by ';'.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quipu/abi/architecture.h"
#include "quipu/sdk/plugin.h"

namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

/// A model's metadata and tensor names. Keys of the architecture's own are given without their
/// prefix: count("block_count") reads "llama.block_count"; a key that begins with "general." or
/// "tokenizer." is taken as it is. Every getter throws an Error that names the key, what was
/// expected and what was found.
///
/// With a list of problems, getters note there what else they would throw, and give a value that is
/// allowed in its place, 1 for a count: so that one pass finds every key that is wrong.
class Model {
 public:
  explicit Model(const quipu_description& description, std::vector<std::string>* problems = nullptr)
      : description_(description), problems_(problems) {
    if (auto value = find("general.architecture"); value && value->type == QUIPU_VALUE_STRING)
      family_ = view(value->as.s);
  }

  /// general.architecture, or "".
  std::string_view family() const noexcept { return family_; }

  bool has(std::string_view key) const { return find(key).has_value(); }

  /// An integer of [1, limit].
  std::uint32_t count(std::string_view key, std::uint32_t limit = 1u << 30) const {
    return integer(key, std::nullopt, 1, limit);
  }
  /// An integer of [0, limit], or `fallback` when the key is absent.
  std::uint32_t count_or(std::string_view key, std::uint32_t fallback,
                         std::uint32_t limit = 1u << 30) const {
    return integer(key, fallback, 0, limit);
  }
  /// An integer that divides `whole`, or `whole` when the key is absent.
  std::uint32_t divisor(std::string_view key, std::uint32_t whole) const {
    const std::uint32_t part = count_or(key, whole);
    return noted(whole, [&] {
      if (part == 0 || (whole % part && is_known(whole)))
        throw Error(QUIPU_E_INVALID, full(key) + ": expected a divisor of " +
                                         std::to_string(whole) + ", found " + std::to_string(part));
      return part;
    });
  }

  /// Columns of a head: the integer of `key`, or an equal share of the model's width when the key
  /// is absent.
  std::uint32_t head_width(std::string_view key, std::uint32_t width, std::uint32_t heads,
                           std::uint32_t limit = 1u << 30) const {
    if (has(key)) return count(key, limit);
    return noted(1u, [&] {
      if (heads == 0 || (width % heads && is_known(width)))
        throw Error(QUIPU_E_INVALID, full("attention.head_count") + ": expected a divisor of " +
                                         std::to_string(width) + ", the width, found " +
                                         std::to_string(heads));
      return std::max(1u, width / heads);
    });
  }

  /// A finite number of at least `low`.
  float real(std::string_view key, float low = -largest) const {
    return number(key, std::nullopt, low);
  }
  float real_or(std::string_view key, float fallback, float low = -largest) const {
    return number(key, fallback, low);
  }

  bool flag_or(std::string_view key, bool fallback) const {
    const auto value = find(key);
    if (!value) return fallback;
    return noted(fallback, [&] {
      if (value->type != QUIPU_VALUE_BOOL) throw wrong_type(key, "a boolean", *value);
      return value->as.u != 0;
    });
  }

  std::string text_or(std::string_view key, std::string_view fallback) const {
    const auto value = find(key);
    if (!value) return std::string(fallback);
    return noted(std::string(fallback), [&] {
      if (value->type != QUIPU_VALUE_STRING) throw wrong_type(key, "a string", *value);
      return std::string(view(value->as.s));
    });
  }

  /// One integer of [0, 2^30] per layer, from an array of that many or from a single integer that
  /// serves all.
  std::vector<std::uint32_t> counts(std::string_view key, std::uint32_t layers,
                                    std::optional<std::uint32_t> fallback = {}) const {
    const auto value = find(key);
    if (!value || value->type != QUIPU_VALUE_ARRAY)
      return std::vector<std::uint32_t>(layers, integer(key, fallback, 0, 1u << 30));
    if (value->count != layers)
      throw Error(QUIPU_E_INVALID, full(key) + ": expected " + std::to_string(layers) +
                                       " elements, found " + std::to_string(value->count));
    std::vector<quipu_value> elements(layers);
    if (description_.elements(description_.context, &*value, 0, layers, elements.data()) !=
        QUIPU_OK)
      throw Error(QUIPU_E_INVALID, full(key) + ": cannot be read");
    std::vector<std::uint32_t> out;
    for (const auto& element : elements) out.push_back(checked_integer(key, element, 0, 1u << 30));
    return out;
  }

  bool has_tensor(std::string_view name) const {
    std::uint64_t shape[4];
    return description_.tensor(description_.context, str(name), shape) != 0;
  }

  /// shape[0] contiguous; throws when the tensor is missing.
  std::vector<std::uint64_t> tensor_shape(std::string_view name) const {
    std::vector<std::uint64_t> shape(4);
    if (!description_.tensor(description_.context, str(name), shape.data()))
      throw Error(QUIPU_E_INVALID,
                  std::string(name) + ": expected a tensor of this name, found none");
    return shape;
  }

  /// Tokens of the vocabulary: <architecture>.vocab_size, else the number of
  /// tokenizer.ggml.tokens.
  std::uint32_t vocabulary() const {
    if (has("vocab_size")) return count("vocab_size");
    const auto tokens = find("tokenizer.ggml.tokens");
    return noted(1u, [&] {
      if (!tokens || tokens->type != QUIPU_VALUE_ARRAY || tokens->count < 1 ||
          tokens->count > 1u << 30)
        throw Error(QUIPU_E_INVALID,
                    "tokenizer.ggml.tokens: expected the list of tokens, found none");
      return static_cast<std::uint32_t>(tokens->count);
    });
  }

  /// Whether a count is one of the file, and not in place of one that is wrong.
  bool is_known(std::uint32_t count) const noexcept { return !problems_ || count > 1; }

  /// The name of a key as it stands in the file.
  std::string full(std::string_view key) const {
    if (key.starts_with("general.") || key.starts_with("tokenizer.")) return std::string(key);
    return family_ + "." + std::string(key);
  }

 private:
  static constexpr float largest = std::numeric_limits<float>::max();

  std::optional<quipu_value> find(std::string_view key) const {
    quipu_value value;
    const std::string name = full(key);
    if (description_.get(description_.context, str(name), &value) != QUIPU_OK) return std::nullopt;
    return value;
  }

  Error wrong_type(std::string_view key, std::string_view expected,
                   const quipu_value& value) const {
    static constexpr const char* names[] = {"nothing", "an unsigned integer", "a signed integer",
                                            "a float", "a boolean",           "a string",
                                            "an array"};
    return Error(QUIPU_E_INVALID, full(key) + ": expected " + std::string(expected) + ", found " +
                                      names[value.type < 7 ? value.type : 0]);
  }

  std::uint32_t checked_integer(std::string_view key, const quipu_value& value, std::uint32_t low,
                                std::uint32_t high) const {
    const bool negative = value.type == QUIPU_VALUE_SIGNED && value.as.i < 0;
    if (value.type != QUIPU_VALUE_UNSIGNED && value.type != QUIPU_VALUE_SIGNED)
      throw wrong_type(key, "an integer", value);
    if (negative || value.as.u < low || value.as.u > high)
      throw Error(QUIPU_E_INVALID,
                  full(key) + ": expected " + std::to_string(low) + " to " + std::to_string(high) +
                      ", found " +
                      (negative ? std::to_string(value.as.i) : std::to_string(value.as.u)));
    return static_cast<std::uint32_t>(value.as.u);
  }

  /// body(), or, where problems are noted, its problem and `otherwise`.
  template <class Value, class Body>
  Value noted(Value otherwise, Body body) const {
    if (!problems_) return body();
    try {
      return body();
    } catch (const Error& error) {
      problems_->push_back(error.what());
      return otherwise;
    }
  }

  std::uint32_t integer(std::string_view key, std::optional<std::uint32_t> fallback,
                        std::uint32_t low, std::uint32_t high) const {
    return noted(fallback.value_or(std::max(low, 1u)), [&] {
      const auto value = find(key);
      if (value) return checked_integer(key, *value, low, high);
      if (fallback) return *fallback;
      throw Error(QUIPU_E_INVALID, full(key) + ": expected an integer, found no such key");
    });
  }

  float number(std::string_view key, std::optional<float> fallback, float low) const {
    return noted(fallback.value_or(std::max(low, 1.0f)),
                 [&] { return checked_number(key, fallback, low); });
  }
  float checked_number(std::string_view key, std::optional<float> fallback, float low) const {
    const auto value = find(key);
    if (!value) {
      if (fallback) return *fallback;
      throw Error(QUIPU_E_INVALID, full(key) + ": expected a number, found no such key");
    }
    double x = 0;
    if (value->type == QUIPU_VALUE_FLOAT)
      x = value->as.f;
    else if (value->type == QUIPU_VALUE_UNSIGNED)
      x = static_cast<double>(value->as.u);
    else if (value->type == QUIPU_VALUE_SIGNED)
      x = static_cast<double>(value->as.i);
    else
      throw wrong_type(key, "a number", *value);
    if (!(std::abs(x) <= largest) || x < low) {
      char bound[40] = "", found[32];
      if (low != -largest) std::snprintf(bound, sizeof bound, " of at least %g", low);
      std::snprintf(found, sizeof found, "%g", x);
      throw Error(QUIPU_E_INVALID,
                  full(key) + ": expected a finite number" + bound + ", found " + found);
    }
    return static_cast<float>(x);
  }

  const quipu_description& description_;
  std::vector<std::string>* problems_;
  std::string family_;
};

/// A node of the graph: [tokens, width], or nothing.
struct Node {
  quipu_node id = 0;
  explicit operator bool() const noexcept { return id != 0; }
};

/// The graph as it grows: one method per operation of quipu/abi/architecture.h. Shapes of weights
/// are [rows…, columns], as a paper writes them.
class Graph {
 public:
  Graph(const quipu_builder& builder, quipu_model_facts& facts) : facts(facts), builder_(builder) {}

  quipu_model_facts& facts;

  Node weight(std::string_view name, std::initializer_list<std::uint64_t> shape) {
    return weight(name, shape, 0);
  }
  /// Nothing when the model has no such tensor.
  Node optional_weight(std::string_view name, std::initializer_list<std::uint64_t> shape) {
    return weight(name, shape, QUIPU_WEIGHT_OPTIONAL);
  }
  void ignore(std::string_view name) { check(builder_.ignore(builder_.context, str(name))); }

  Node embed(Node table) {
    return op(QUIPU_OP_EMBED, {table}, quipu_embed{sizeof(quipu_embed), QUIPU_EMBED_TOKENS, 0});
  }
  Node embed_positions(Node table, std::int32_t offset = 0) {
    return op(QUIPU_OP_EMBED, {table},
              quipu_embed{sizeof(quipu_embed), QUIPU_EMBED_POSITIONS, offset});
  }
  Node embed_token_types(Node table) {
    return op(QUIPU_OP_EMBED, {table},
              quipu_embed{sizeof(quipu_embed), QUIPU_EMBED_TOKEN_TYPES, 0});
  }
  Node linear(Node x, Node weight, Node bias = {}) {
    return op(QUIPU_OP_LINEAR, {x, weight, bias});
  }
  Node rms_norm(Node x, Node gain, float epsilon, std::uint32_t group = 0) {
    return op(QUIPU_OP_NORM, {x, gain},
              quipu_norm{sizeof(quipu_norm), QUIPU_NORM_RMS, epsilon, group});
  }
  Node layer_norm(Node x, Node gain, Node bias, float epsilon, std::uint32_t group = 0) {
    return op(QUIPU_OP_NORM, {x, gain, bias},
              quipu_norm{sizeof(quipu_norm), QUIPU_NORM_LAYER, epsilon, group});
  }
  Node rope(Node x, quipu_rope rope, Node factors = {}, Node long_factors = {}) {
    rope.size = sizeof rope;
    if (rope.scaling == QUIPU_ROPE_SCALING_LONG && !(factors && long_factors))
      throw Error(QUIPU_E_INVALID, "rope.scaling.type: expected factors for short and for long "
                                   "contexts beside longrope, found none");
    return op(QUIPU_OP_ROPE, {x, factors, long_factors}, rope);
  }
  Node attention(Node q, Node k, Node v, quipu_attention attention, Node sinks = {}) {
    attention.size = sizeof attention;
    return op(QUIPU_OP_ATTENTION, {q, k, v, sinks}, attention);
  }
  Node activation(Node x, std::uint32_t kind) {
    return op(QUIPU_OP_ACTIVATION, {x}, quipu_activation{sizeof(quipu_activation), kind, 0, 0});
  }
  Node glu(Node gate, Node up, std::uint32_t kind) {
    return op(QUIPU_OP_GLU, {gate, up}, quipu_activation{sizeof(quipu_activation), kind, 0, 0});
  }
  Node glu(Node gate, Node up, quipu_activation activation) {
    activation.size = sizeof activation;
    return op(QUIPU_OP_GLU, {gate, up}, activation);
  }
  struct Experts {
    Node router, router_bias, selection_bias, gate, up, down, gate_bias, up_bias, down_bias, scale,
        router_input;
  };
  Node moe(Node x, const Experts& e, quipu_moe moe) {
    moe.size = sizeof moe;
    return op(QUIPU_OP_MOE,
              {x, e.router, e.router_bias, e.selection_bias, e.gate, e.up, e.down, e.gate_bias,
               e.up_bias, e.down_bias, e.scale, e.router_input},
              moe);
  }
  Node add(Node a, Node b) { return op(QUIPU_OP_ADD, {a, b}); }
  Node mul(Node a, Node b) { return op(QUIPU_OP_MUL, {a, b}); }
  Node scale(Node x, float factor) {
    return op(QUIPU_OP_SCALE, {x},
              quipu_scale{sizeof(quipu_scale), QUIPU_SCALE_CONSTANT, factor, 0});
  }
  Node scale_by_position(Node x, float factor, float period) {
    return op(QUIPU_OP_SCALE, {x},
              quipu_scale{sizeof(quipu_scale), QUIPU_SCALE_POSITION, factor, period});
  }
  Node clamp(Node x, float low, float high) {
    return op(QUIPU_OP_CLAMP, {x}, quipu_clamp{sizeof(quipu_clamp), low, high});
  }
  Node softcap(Node x, float cap) {
    return op(QUIPU_OP_SOFTCAP, {x},
              quipu_scale{sizeof(quipu_scale), QUIPU_SCALE_CONSTANT, cap, 0});
  }
  Node split(Node x, std::uint32_t groups, std::uint32_t first, std::uint32_t count) {
    return op(QUIPU_OP_SPLIT, {x}, quipu_split{sizeof(quipu_split), groups, first, count});
  }
  Node concat(Node a, Node b, std::uint32_t groups = 1, bool shared = false) {
    return op(QUIPU_OP_CONCAT, {a, b}, quipu_concat{sizeof(quipu_concat), groups, shared});
  }
  Node select_outputs(Node x) { return op(QUIPU_OP_SELECT_OUTPUTS, {x}); }
  /// `attributes.state` must live as long as the plugin.
  Node host_op(std::initializer_list<Node> inputs, quipu_host_op attributes) {
    attributes.size = sizeof attributes;
    return op(QUIPU_OP_HOST, inputs, attributes);
  }

  void output(Node node, std::string_view role) {
    check(builder_.output(builder_.context, node.id, str(role)));
  }

 private:
  // The core keeps the message; this only leaves the build.
  void check(quipu_status status) const {
    if (status != QUIPU_OK) throw Error(status, "");
  }

  Node weight(std::string_view name, std::initializer_list<std::uint64_t> shape,
              std::uint32_t flags) {
    std::uint64_t reversed[4] = {1, 1, 1, 1};
    std::uint32_t rank = 0;
    for (auto axis = shape.end(); axis != shape.begin() && rank < 4;) reversed[rank++] = *--axis;
    Node node;
    check(builder_.weight(builder_.context, str(name), reversed, rank, flags, &node.id));
    return node;
  }

  Node op(std::uint32_t op, std::initializer_list<Node> inputs) {
    return add_op(op, inputs, nullptr);
  }
  template <class Attributes>
  Node op(std::uint32_t op, std::initializer_list<Node> inputs, const Attributes& attributes) {
    return add_op(op, inputs, &attributes);
  }
  Node add_op(std::uint32_t op, std::initializer_list<Node> inputs, const void* attributes) {
    quipu_node ids[12];
    std::uint32_t count = 0;
    for (const Node node : inputs)
      if (count < 12) ids[count++] = node.id;
    Node node;
    check(builder_.op(builder_.context, op, ids, count, attributes, &node.id));
    return node;
  }

  const quipu_builder& builder_;
};

/// The rotary embedding that `rope.*` and `rope.scaling.*` of a GGUF file describe, for heads of
/// `head_width`, of which rope.dimension_count turn (or all). Magnitude of YaRN:
/// arXiv:2309.00071, equation 22.
inline quipu_rope rope_of(const Model& model, std::uint32_t pairing, std::uint32_t heads,
                          std::uint32_t head_width, float default_base = 10000.0f) {
  quipu_rope rope{};
  rope.size = sizeof rope;
  rope.heads = heads;
  rope.head_width = head_width;
  rope.rotary = model.count_or("rope.dimension_count", head_width);
  rope.pairing = pairing;
  rope.base = model.real_or("rope.freq_base", default_base);
  rope.factor = 1;
  rope.magnitude = 1;
  rope.beta_fast = 32;
  rope.beta_slow = 1;
  if ((rope.rotary == 0 || rope.rotary % 2 || rope.rotary > head_width) &&
      model.is_known(head_width))
    throw Error(QUIPU_E_INVALID, model.full("rope.dimension_count") +
                                     ": expected an even number up to the head width " +
                                     std::to_string(head_width) + ", found " +
                                     std::to_string(rope.rotary));
  if (!(rope.base > 0))
    throw Error(QUIPU_E_INVALID, model.full("rope.freq_base") +
                                     ": expected a positive number, found " +
                                     std::to_string(rope.base));
  const std::string kind =
      model.text_or("rope.scaling.type", model.has("rope.scale_linear") ? "linear" : "none");
  const float factor =
      model.real_or("rope.scaling.factor", model.real_or("rope.scale_linear", 1.0f));
  if (kind == "linear" || kind == "yarn") {
    if (!(factor > 0))
      throw Error(QUIPU_E_INVALID, model.full("rope.scaling.factor") +
                                       ": expected a positive number, found " +
                                       std::to_string(factor));
    rope.factor = factor;
  }
  if (kind == "linear")
    rope.scaling = QUIPU_ROPE_SCALING_LINEAR;
  else if (kind == "yarn") {
    rope.scaling = QUIPU_ROPE_SCALING_YARN;
    rope.extrapolation = model.real_or("rope.scaling.yarn_ext_factor", 1.0f);
    rope.beta_fast = model.real_or("rope.scaling.yarn_beta_fast", 32.0f);
    rope.beta_slow = model.real_or("rope.scaling.yarn_beta_slow", 1.0f);
    rope.original_context =
        model.count_or("rope.scaling.original_context_length", model.count_or("context_length", 0));
    rope.magnitude = model.real_or("rope.scaling.attn_factor", 1.0f) *
                     model.real_or("rope.scaling.yarn_attn_factor", 1.0f);
    // A model whose scores grow with the stretch by themselves says by how much.
    const float own = model.real_or("rope.scaling.yarn_log_multiplier", 0);
    if (rope.extrapolation != 0 && factor > 1)
      rope.magnitude *= (1 + 0.1f * std::log(factor)) / (1 + 0.1f * own * std::log(factor));
  } else if (kind == "longrope") {
    rope.scaling = QUIPU_ROPE_SCALING_LONG;
    rope.original_context =
        model.count_or("rope.scaling.original_context_length", model.count_or("context_length", 0));
    rope.magnitude = model.real_or("rope.scaling.attn_factor", 1.0f);
  } else if (kind != "none" && kind != "")
    throw Error(QUIPU_E_UNSUPPORTED, model.full("rope.scaling.type") +
                                         ": expected none, linear, yarn or longrope, found " +
                                         kind);
  return rope;
}

/// A builder that takes anything: what is built with it is not kept.
inline quipu_builder builder_of_nothing() {
  quipu_builder builder{};
  builder.size = sizeof builder;
  builder.opset = QUIPU_OPSET;
  builder.weight = [](void*, quipu_str, const std::uint64_t*, std::uint32_t, std::uint32_t,
                      quipu_node* node) noexcept {
    *node = 1;
    return quipu_status{QUIPU_OK};
  };
  builder.op = [](void*, std::uint32_t, const quipu_node*, std::uint32_t, const void*,
                  quipu_node* node) noexcept {
    *node = 1;
    return quipu_status{QUIPU_OK};
  };
  builder.output = [](void*, quipu_node, quipu_str) noexcept { return quipu_status{QUIPU_OK}; };
  builder.ignore = [](void*, quipu_str) noexcept { return quipu_status{QUIPU_OK}; };
  return builder;
}

/// All that is wrong with a model's metadata, the first problem first; a line each.
template <class Architecture>
std::string metadata_problems(const quipu_description& description, const std::string& first) {
  std::vector<std::string> problems{first};
  const quipu_builder builder = builder_of_nothing();
  quipu_model_facts facts{};
  Graph graph(builder, facts);
  try {
    Architecture::build(Model(description, &problems), graph);
  } catch (const Error& error) {
    problems.push_back(error.what());
  }
  std::string text;
  for (auto problem = problems.begin(); problem != problems.end(); ++problem)
    if (std::find(problems.begin(), problem, *problem) == problem)
      text += (text.empty() ? "" : "\n") + *problem;
  return text;
}

template <class Architecture>
constexpr quipu_architecture make_architecture() {
  quipu_architecture table{};
  table.size = sizeof table;
  table.name = Architecture::name.data();
  table.claim = [](const quipu_description* model) noexcept -> int {
    int certainty = 0;
    guard([&] { certainty = Architecture::claim(Model(*model)); });
    return certainty;
  };
  table.build = [](const quipu_description* model, const quipu_builder* builder,
                   quipu_model_facts* facts) noexcept -> quipu_status {
    try {
      quipu_model_facts found{};
      Graph graph(*builder, found);
      Architecture::build(Model(*model), graph);
      // A host built with older headers has room for fewer of them.
      found.size = std::min<std::uint32_t>(facts->size, sizeof found);
      std::memcpy(facts, &found, found.size);
      return QUIPU_OK;
    } catch (const Error& error) {
      if (!*error.what()) return error.status();
      if (error.status() != QUIPU_E_INVALID) return fail(error.status(), error.what());
      return guard([&] {
        throw Error(QUIPU_E_INVALID, metadata_problems<Architecture>(*model, error.what()));
      });
    } catch (...) {
      return guard([] { throw; });
    }
  };
  return table;
}

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk

#define QUIPU_ARCHITECTURE_PLUGIN(CLASS, VERSION, LICENSE, FAMILIES)                               \
  static constexpr quipu_architecture quipu_items[] = {quipu::sdk::make_architecture<CLASS>()};    \
  QUIPU_PLUGIN((quipu::sdk::make_manifest(                                                         \
                   QUIPU_KIND_ARCHITECTURE, QUIPU_OPSET,                                           \
                   {"architecture." QUIPU_PLUGIN_NAME, VERSION, LICENSE, "quipu", FAMILIES})),     \
               quipu_items)
