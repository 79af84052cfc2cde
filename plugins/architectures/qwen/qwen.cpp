// Qwen (arXiv:2309.16609): pre-norm decoder with one biased matrix for queries, keys and values,
// rotary embedding on halves, SwiGLU. feed_forward_length counts gate and up together.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Qwen {
 public:
  static constexpr std::string_view name = "qwen";

  static int claim(const Model& model) { return model.family() == "qwen" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);
    const std::uint32_t hidden = t.hidden() / 2;

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.fused(h, Bias::yes);
      x = g.add(x, b.attention_output(b.attend({rope.query(q), rope.key(k), v})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, hidden, QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Qwen, "0.1.0", "Apache-2.0", "qwen");
