// Command R (Cohere 2024): attention and feed-forward side by side after one layer norm without a
// bias, rotary embedding on adjacent pairs, SwiGLU, logits scaled; Command R+ normalises queries
// and keys, each head with its own gains.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class CommandR {
 public:
  static constexpr std::string_view name = "command-r";

  static int claim(const Model& model) { return model.family() == "command-r" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer_gain);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    const float logit_scale = model.real_or("logit_scale", 1);
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
      const Node q = rope.query(head_norm(b.query(h), b.name("attn_q_norm"), t.heads));
      const Node k = rope.key(head_norm(b.key(h), b.name("attn_k_norm"), t.kv_heads));
      const Node mixed = b.attention_output(b.attend({q, k, b.value(h)}));
      x = g.add(g.add(x, mixed), b.gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(g.scale(t.logits(x), logit_scale), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(CommandR, "0.1.0", "Apache-2.0", "command-r");
