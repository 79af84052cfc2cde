// What the papers of most transformers share: sizes under the metadata keys that all of them use,
// and the parts of a block under the tensor names that all of them use. An architecture puts the
// parts together.
#pragma once

#include "quipu/sdk/architecture.h"

namespace quipu::sdk {
inline namespace QUIPU_PLUGIN_NAMESPACE {

/// rms: a gain. layer: a gain and a bias. layer_gain: a layer norm without a bias.
enum class Norm { rms, layer, layer_gain };
/// Whether a linear layer has a bias: never, always, or in all blocks if one has it.
enum class Bias { no, yes, if_there };

/// The rotary embedding of queries and keys.
struct Rope {
  Graph& g;
  quipu_rope of_queries, of_keys;
  Node factors, long_factors;

  Node query(Node q) const { return g.rope(q, of_queries, factors, long_factors); }
  Node key(Node k) const { return g.rope(k, of_keys, factors, long_factors); }
};

class Transformer {
 public:
  const Model& model;
  Graph& g;
  // Beyond any model; products of them stay in 32 bits.
  static constexpr std::uint32_t most_layers = 4096, most_heads = 1 << 14, most_lanes = 1 << 14;
  const std::uint32_t layers, width, heads, kv_heads, key_width, value_width, vocabulary;
  const std::uint32_t experts, experts_used;
  const Norm norm_kind;
  const float epsilon;

  /// Reads the sizes, and tells the graph the facts. `head_width`: that of heads where the file
  /// does not say, 0 = the width shared out among them.
  Transformer(const Model& model, Graph& g, Norm norm, std::uint32_t head_width = 0)
      : model(model), g(g), layers(model.count("block_count", most_layers)),
        width(model.count("embedding_length")),
        heads(model.count("attention.head_count", most_heads)),
        kv_heads(model.divisor("attention.head_count_kv", heads)),
        key_width(lanes("attention.key_length", head_width)),
        value_width(lanes("attention.value_length", head_width)), vocabulary(model.vocabulary()),
        experts(model.count_or("expert_count", 0)),
        experts_used(experts ? model.count("expert_used_count", experts) : 0), norm_kind(norm),
        epsilon(model.real(norm == Norm::rms ? "attention.layer_norm_rms_epsilon"
                                             : "attention.layer_norm_epsilon",
                           0)) {
    g.facts = {sizeof g.facts, layers,   width,
               heads,          kv_heads, model.count_or("context_length", 0),
               vocabulary,     experts,  experts_used};
  }

  std::uint32_t hidden() const { return model.count("feed_forward_length"); }

  Rope rope(std::uint32_t pairing, float default_base = 10000.0f) const {
    return {g,
            rope_of(model, pairing, heads, key_width, default_base),
            rope_of(model, pairing, kv_heads, key_width, default_base),
            {},
            {}};
  }

  /// The table of tokens.
  Node embedding() const { return g.weight("token_embd.weight", {vocabulary, width}); }

  /// Whether blocks have a tensor blk.i.NAME that families may lack. Three are asked, so that one
  /// that is missing by mistake is still required.
  bool blocks_have(std::string_view name) const {
    for (const std::uint32_t i : {0u, std::min(1u, layers - 1), layers - 1})
      if (model.has_tensor("blk." + std::to_string(i) + "." + std::string(name))) return true;
    return false;
  }

  /// y = x * weight^T + bias, of the tensors NAME.weight and, with a bias, NAME.bias.
  Node linear(Node x, const std::string& name, std::uint64_t rows, std::uint64_t columns,
              bool bias = false) const {
    const Node weight = g.weight(name + ".weight", {rows, columns});
    return bias ? g.linear(x, weight, g.weight(name + ".bias", {rows})) : g.linear(x, weight);
  }

  /// Of the tensors NAME.weight and, for a layer norm, NAME.bias. `lanes`: columns that are
  /// normalised together, with gains of their own; 0 = all of `columns`.
  Node norm(Node x, const std::string& name, std::uint32_t columns, std::uint32_t lanes = 0) const {
    const std::uint64_t gains = lanes ? lanes : columns;
    const Node gain = g.weight(name + ".weight", {gains});
    if (norm_kind == Norm::rms) return g.rms_norm(x, gain, epsilon, lanes);
    const Node bias = norm_kind == Norm::layer ? g.weight(name + ".bias", {gains}) : Node{};
    return g.layer_norm(x, gain, bias, epsilon, lanes);
  }

  /// The last norm and the logits of the tokens whose output is wanted. Without output.weight, the
  /// table of tokens serves as the output layer too.
  Node logits(Node x, bool bias = false) const {
    return unembed(norm(g.select_outputs(x), "output_norm", width), bias);
  }
  /// The same after a norm of the architecture's own. What goes in is the model's embedding of the
  /// text, too.
  Node unembed(Node x, bool bias = false) const {
    g.output(x, "embeddings");
    if (bias || model.has_tensor("output.weight"))
      return linear(x, "output", vocabulary, width, bias);
    return g.linear(x, embedding());
  }

  /// The parts of block i, from the tensors blk.i.NAME.
  class Block {
   public:
    const Transformer& t;
    const std::uint32_t index;

    Block(const Transformer& t, std::uint32_t i)
        : t(t), index(i), at_("blk." + std::to_string(i) + ".") {}

    std::string name(std::string_view what) const { return at_ + std::string(what); }

    Node linear(Node x, const char* what, std::uint64_t rows, std::uint64_t columns,
                Bias bias = Bias::no) const {
      const bool has_bias =
          bias == Bias::if_there ? t.blocks_have(what + std::string(".bias")) : bias == Bias::yes;
      return t.linear(x, name(what), rows, columns, has_bias);
    }
    Node norm(Node x, const char* what) const { return t.norm(x, name(what), t.width); }
    /// Each head by itself, with the same gains for all.
    Node head_norm(Node x, const char* what) const { return t.norm(x, name(what), 0, t.key_width); }

    Node query(Node x, Bias bias = Bias::no) const {
      return linear(x, "attn_q", t.heads * t.key_width, t.width, bias);
    }
    Node key(Node x, Bias bias = Bias::no) const {
      return linear(x, "attn_k", t.kv_heads * t.key_width, t.width, bias);
    }
    Node value(Node x, Bias bias = Bias::no) const {
      return linear(x, "attn_v", t.kv_heads * t.value_width, t.width, bias);
    }

    struct Projections {
      Node q, k, v;
    };
    /// Of three matrices; or of one, where the file has one.
    Projections separate(Node x, Bias bias = Bias::no, float clamp = 0) const {
      if (!t.blocks_have("attn_q.weight") && t.blocks_have("attn_qkv.weight"))
        return of_one(x, bias, clamp);
      return of_three(x, bias, clamp);
    }
    /// Of one matrix that has queries, then keys, then values; or of three, where the file has
    /// them.
    Projections fused(Node x, Bias bias = Bias::no, float clamp = 0) const {
      if (!t.blocks_have("attn_qkv.weight") && t.blocks_have("attn_q.weight"))
        return of_three(x, bias, clamp);
      return of_one(x, bias, clamp);
    }

    /// Causal attention with scores divided by the square root of the heads' width; what `shape`
    /// says otherwise counts.
    Node attend(const Projections& p, quipu_attention shape = {}, Node sinks = {}) const {
      shape.causal = 1;
      return attend_all(p, shape, sinks);
    }
    /// The same to later tokens, too.
    Node attend_all(const Projections& p, quipu_attention shape = {}, Node sinks = {}) const {
      shape.layer = index;
      shape.heads = t.heads;
      shape.kv_heads = t.kv_heads;
      shape.key_width = t.key_width;
      shape.value_width = t.value_width;
      if (shape.scale == 0) shape.scale = 1.0f / std::sqrt(static_cast<float>(t.key_width));
      return t.g.attention(p.q, p.k, p.v, shape, sinks);
    }
    Node attention_output(Node x, Bias bias = Bias::no) const {
      return linear(x, "attn_output", t.width, t.heads * t.value_width, bias);
    }

    /// down(activation(gate(x)) * up(x))
    Node gated(Node x, std::uint32_t hidden, std::uint32_t activation, Bias bias = Bias::no) const {
      const Node both = t.g.glu(linear(x, "ffn_gate", hidden, t.width, bias),
                                linear(x, "ffn_up", hidden, t.width, bias), activation);
      return linear(both, "ffn_down", t.width, hidden, bias);
    }
    /// The same with gate and up in one matrix, gate first.
    Node fused_gated(Node x, std::uint32_t hidden, std::uint32_t activation) const {
      const Node both = linear(x, "ffn_up", 2 * std::uint64_t{hidden}, t.width);
      const Node product =
          t.g.glu(t.g.split(both, 1, 0, hidden), t.g.split(both, 1, hidden, hidden), activation);
      return linear(product, "ffn_down", t.width, hidden);
    }
    /// down(activation(up(x)))
    Node plain(Node x, std::uint32_t hidden, std::uint32_t activation, Bias bias = Bias::no) const {
      const Node up = t.g.activation(linear(x, "ffn_up", hidden, t.width, bias), activation);
      return linear(up, "ffn_down", t.width, hidden, bias);
    }

    /// The matrices of a mixture of gated experts.
    Graph::Experts experts(std::uint32_t hidden) const {
      const std::uint64_t n = t.experts, w = t.width;
      Graph::Experts e;
      e.router = t.g.weight(name("ffn_gate_inp.weight"), {n, w});
      e.gate = t.g.weight(name("ffn_gate_exps.weight"), {n, hidden, w});
      e.up = t.g.weight(name("ffn_up_exps.weight"), {n, hidden, w});
      e.down = t.g.weight(name("ffn_down_exps.weight"), {n, w, hidden});
      return e;
    }
    /// A gated expert that every token passes.
    Node shared_expert(Node x, std::uint32_t hidden) const {
      const Node both = t.g.glu(linear(x, "ffn_gate_shexp", hidden, t.width),
                                linear(x, "ffn_up_shexp", hidden, t.width), QUIPU_ACT_SILU);
      return linear(both, "ffn_down_shexp", t.width, hidden);
    }
    /// Softmax over all experts, SwiGLU; what `moe` says otherwise counts.
    Node mixture(Node x, const Graph::Experts& experts, quipu_moe moe) const {
      moe.experts = t.experts;
      moe.used = t.experts_used;
      if (moe.scale == 0) moe.scale = 1;
      return t.g.moe(x, experts, moe);
    }

   private:
    // Products are clamped to [-clamp, clamp] where that is not 0.
    Node clamped(Node x, float clamp) const { return clamp > 0 ? t.g.clamp(x, -clamp, clamp) : x; }
    Projections of_three(Node x, Bias bias, float clamp) const {
      return {clamped(query(x, bias), clamp), clamped(key(x, bias), clamp),
              clamped(value(x, bias), clamp)};
    }
    Projections of_one(Node x, Bias bias, float clamp) const {
      const std::uint32_t q = t.heads * t.key_width, k = t.kv_heads * t.key_width,
                          v = t.kv_heads * t.value_width;
      const Node all = clamped(linear(x, "attn_qkv", q + k + v, t.width, bias), clamp);
      return {t.g.split(all, 1, 0, q), t.g.split(all, 1, q, k), t.g.split(all, 1, q + k, v)};
    }

    std::string at_;
  };

  Block block(std::uint32_t i) const { return Block(*this, i); }

 private:
  std::uint32_t lanes(const char* key, std::uint32_t fallback) const {
    return fallback && !model.has(key) ? fallback : model.head_width(key, width, heads, most_lanes);
  }
};

}  // namespace QUIPU_PLUGIN_NAMESPACE
}  // namespace quipu::sdk
