// OLMoE (arXiv:2409.02060): queries and keys normalised over all heads together, rotary embedding
// on halves, a mixture of experts whose weights are not renormalised.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Olmoe {
 public:
  static constexpr std::string_view name = "olmoe";

  static int claim(const Model& model) { return model.family() == "olmoe" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      const Node q = t.norm(b.query(h), b.name("attn_q_norm"), t.heads * t.key_width);
      const Node k = t.norm(b.key(h), b.name("attn_k_norm"), t.kv_heads * t.key_width);
      x = g.add(x, b.attention_output(b.attend({rope.query(q), rope.key(k), b.value(h)})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.mixture(h, b.experts(t.hidden()), {}));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Olmoe, "0.1.0", "Apache-2.0", "olmoe");
