// Granite 3 MoE (IBM 2024, Granite 3.0 Language Models): Granite with a mixture of experts, and a
// shared one where the file has it.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class GraniteMoe {
 public:
  static constexpr std::string_view name = "granitemoe";

  static int claim(const Model& model) { return model.family() == "granitemoe" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    const float embedding_scale = model.real_or("embedding_scale", 1);
    const float residual_scale = model.real_or("residual_scale", 1);
    const float attention_scale = model.real_or("attention.scale", 0);
    const float logit_scale = model.real("logit_scale");
    const auto shared_hidden = model.count_or("expert_shared_feed_forward_length", 0);
    if (logit_scale == 0)
      throw Error(QUIPU_E_INVALID, model.full("logit_scale") + ": expected a divisor, found 0");

    Node x = g.scale(g.embed(t.embedding()), embedding_scale);
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v}, {.scale = attention_scale});
      x = g.add(x, g.scale(b.attention_output(mixed), residual_scale));

      h = b.norm(x, "ffn_norm");
      Node out = b.mixture(h, b.experts(t.hidden()), {.renormalise = 1});
      if (shared_hidden) out = g.add(out, b.shared_expert(h, shared_hidden));
      x = g.add(x, g.scale(out, residual_scale));
    }
    g.output(g.scale(t.logits(x), 1 / logit_scale), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(GraniteMoe, "0.1.0", "Apache-2.0", "granitemoe");
