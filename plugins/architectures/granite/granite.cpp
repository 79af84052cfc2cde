// Granite 3 (IBM 2024, Granite 3.0 Language Models): pre-norm decoder with embeddings, residuals,
// scores and logits scaled by constants of the file.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Granite {
 public:
  static constexpr std::string_view name = "granite";

  static int claim(const Model& model) { return model.family() == "granite" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    const float embedding_scale = model.real_or("embedding_scale", 1);
    const float residual_scale = model.real_or("residual_scale", 1);
    const float attention_scale = model.real_or("attention.scale", 0);
    const float logit_scale = model.real("logit_scale");
    if (logit_scale == 0)
      throw Error(QUIPU_E_INVALID, model.full("logit_scale") + ": expected a divisor, found 0");

    Node x = g.scale(g.embed(t.embedding()), embedding_scale);
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::if_there);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v}, {.scale = attention_scale});
      x = g.add(x, g.scale(b.attention_output(mixed, Bias::if_there), residual_scale));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, g.scale(b.gated(h, t.hidden(), QUIPU_ACT_SILU, Bias::if_there), residual_scale));
    }
    g.output(g.scale(t.logits(x), 1 / logit_scale), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Granite, "0.1.0", "Apache-2.0", "granite");
