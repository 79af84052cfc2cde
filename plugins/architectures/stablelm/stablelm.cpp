// StableLM (arXiv:2402.17834): layer norms, part of each head turned by halves, SwiGLU. The model
// of 12B has attention and feed-forward side by side after one norm, and normalises queries and
// keys, each head with its own gains.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class StableLm {
 public:
  static constexpr std::string_view name = "stablelm";

  static int claim(const Model& model) { return model.family() == "stablelm" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);
    const bool normalised = t.blocks_have("attn_q_norm.weight");
    const auto head_norm = [&](Node in, const std::string& name, std::uint32_t heads) {
      return normalised ? g.layer_norm(in, g.weight(name + ".weight", {heads, t.key_width}), {},
                                       t.epsilon, t.key_width)
                        : in;
    };

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::if_there);
      q = rope.query(head_norm(q, b.name("attn_q_norm"), t.heads));
      k = rope.key(head_norm(k, b.name("attn_k_norm"), t.kv_heads));
      const Node attended = g.add(x, b.attention_output(b.attend({q, k, v})));
      const bool parallel =
          model.flag_or("use_parallel_residual", !t.blocks_have("ffn_norm.weight"));
      x = g.add(attended,
                b.gated(parallel ? h : b.norm(attended, "ffn_norm"), t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(StableLm, "0.1.0", "Apache-2.0", "stablelm");
