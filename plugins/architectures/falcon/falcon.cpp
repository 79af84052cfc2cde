// Falcon (arXiv:2311.16867): attention and feed-forward side by side, rotary embedding on halves,
// one matrix for queries, keys and values. The model of 40B has a norm for each side, those of 7B
// and 11B one for both.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Falcon {
 public:
  static constexpr std::string_view name = "falcon";

  static int claim(const Model& model) { return model.family() == "falcon" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.fused(t.blocks_have("attn_norm_2.weight") ? b.norm(x, "attn_norm_2") : h);
      const Node mixed = b.attention_output(b.attend({rope.query(q), rope.key(k), v}));
      x = g.add(g.add(x, mixed), b.plain(h, t.hidden(), QUIPU_ACT_GELU_ERF));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Falcon, "0.1.0", "Apache-2.0", "falcon");
