// MiniCPM (arXiv:2404.06395): pre-norm decoder with embeddings, residuals and logits scaled as muP
// has it (arXiv:2203.03466); files may leave out the constants of the first models.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class MiniCpm {
 public:
  static constexpr std::string_view name = "minicpm";

  static int claim(const Model& model) { return model.family() == "minicpm" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    const std::uint64_t pairs = rope.of_queries.rotary / 2;
    if (rope.of_queries.scaling == QUIPU_ROPE_SCALING_LONG) {
      rope.factors = g.weight("rope_factors_short.weight", {pairs});
      rope.long_factors = g.weight("rope_factors_long.weight", {pairs});
    }
    const auto width = static_cast<float>(t.width), layers = static_cast<float>(t.layers);
    const float embedding_scale = model.real_or("embedding_scale", 12);
    const float residual_scale = model.real_or("residual_scale", 1.4f / std::sqrt(layers));
    const float logit_scale = model.real_or("logit_scale", width / 256);
    if (logit_scale == 0)
      throw Error(QUIPU_E_INVALID, model.full("logit_scale") + ": expected a divisor, found 0");

    Node x = g.scale(g.embed(t.embedding()), embedding_scale);
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::if_there);
      const Node mixed = b.attention_output(b.attend({rope.query(q), rope.key(k), v}));
      x = g.add(x, g.scale(mixed, residual_scale));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, g.scale(b.gated(h, t.hidden(), QUIPU_ACT_SILU), residual_scale));
    }
    g.output(g.scale(t.logits(x), 1 / logit_scale), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(MiniCpm, "0.1.0", "Apache-2.0", "minicpm");
