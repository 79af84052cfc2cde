// InternLM2 (arXiv:2403.17297): pre-norm decoder, grouped-query attention, rotary embedding on
// adjacent pairs, SwiGLU.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class InternLM2 {
 public:
  static constexpr std::string_view name = "internlm2";

  static int claim(const Model& model) { return model.family() == "internlm2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      x = g.add(x, b.attention_output(b.attend({rope.query(q), rope.key(k), v})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(InternLM2, "0.1.0", "Apache-2.0", "internlm2");
