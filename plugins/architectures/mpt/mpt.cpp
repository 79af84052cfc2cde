// MPT (MosaicML 2023, Introducing MPT-7B): ALiBi, layer norms and linear layers without biases,
// one matrix for queries, keys and values, whose results may be clamped. A file may have biases,
// learned positions and norms of queries and keys.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Mpt {
 public:
  static constexpr std::string_view name = "mpt";

  static int claim(const Model& model) { return model.family() == "mpt" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g,
                        model.has_tensor("output_norm.bias") ? Norm::layer : Norm::layer_gain);
    const float clamp = model.real_or("attention.clamp_kqv", 0, 0);
    const float alibi = model.real_or("attention.max_alibi_bias", 0, 0);
    const auto context = model.count_or("context_length", 0);
    const Node positions = g.optional_weight("position_embd.weight", {context, t.width});
    constexpr auto bias = Bias::if_there;

    Node x = g.embed(t.embedding());
    if (positions) x = g.add(x, g.embed_positions(positions));
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      auto [q, k, v] = b.fused(b.norm(x, "attn_norm"), bias, clamp);
      if (t.blocks_have("attn_q_norm.weight")) {
        q = t.norm(q, b.name("attn_q_norm"), t.heads * t.key_width);
        k = t.norm(k, b.name("attn_k_norm"), t.kv_heads * t.key_width);
      }
      x = g.add(x, b.attention_output(b.attend({q, k, v}, {.alibi_max_bias = alibi}), bias));
      const Node h = b.norm(x, "ffn_norm");
      x = g.add(x, b.plain(h, t.hidden(), QUIPU_ACT_GELU_ERF, bias));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Mpt, "0.1.0", "Apache-2.0", "mpt");
