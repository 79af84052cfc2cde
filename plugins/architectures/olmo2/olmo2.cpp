// OLMo 2 (arXiv:2501.00656): norms after attention and feed-forward only, queries and keys
// normalised over all heads together, rotary embedding on halves, SwiGLU.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Olmo2 {
 public:
  static constexpr std::string_view name = "olmo2";

  static int claim(const Model& model) { return model.family() == "olmo2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const Node q = t.norm(b.query(x), b.name("attn_q_norm"), t.heads * t.key_width);
      const Node k = t.norm(b.key(x), b.name("attn_k_norm"), t.kv_heads * t.key_width);
      const Node mixed = b.attend({rope.query(q), rope.key(k), b.value(x)});
      x = g.add(x, b.norm(b.attention_output(mixed), "post_attention_norm"));
      x = g.add(x, b.norm(b.gated(x, t.hidden(), QUIPU_ACT_SILU), "post_ffw_norm"));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Olmo2, "0.1.0", "Apache-2.0", "olmo2");
