// GLM-4-0414 (arXiv:2406.12793): norms before and after each block, half of each head turned in
// adjacent pairs, biased queries, keys and values, one matrix for gate and up.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Glm4 {
 public:
  static constexpr std::string_view name = "glm4";

  static int claim(const Model& model) { return model.family() == "glm4" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::if_there);
      const Node mixed = b.attention_output(b.attend({rope.query(q), rope.key(k), v}));
      x = g.add(x, b.norm(mixed, "post_attention_norm"));

      h = b.fused_gated(b.norm(x, "ffn_norm"), t.hidden(), QUIPU_ACT_SILU);
      x = g.add(x, b.norm(h, "post_ffw_norm"));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Glm4, "0.1.0", "Apache-2.0", "glm4");
