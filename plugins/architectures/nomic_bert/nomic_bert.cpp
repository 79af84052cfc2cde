// Nomic Embed (arXiv:2402.01613), an encoder: BERT with a rotary embedding on halves in place of
// positions, SwiGLU, and no biases but those of norms.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class NomicBert {
 public:
  static constexpr std::string_view name = "nomic-bert";

  static int claim(const Model& model) { return model.family() == "nomic-bert" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const std::uint64_t types = model.count_or("token_type_count", 2);
    const Node token_types = g.optional_weight("token_types.weight", {types, t.width});
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    if (token_types) x = g.add(x, g.embed_token_types(token_types));
    x = t.norm(x, "token_embd_norm", t.width);
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      auto [q, k, v] = b.fused(x, Bias::if_there);
      const Node mixed = b.attend_all({rope.query(q), rope.key(k), v});
      x = b.norm(g.add(x, b.attention_output(mixed, Bias::if_there)), "attn_output_norm");
      const Node h = b.gated(x, t.hidden(), QUIPU_ACT_SILU);
      x = b.norm(g.add(x, h), "layer_output_norm");
    }
    g.output(g.select_outputs(x), "embeddings");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(NomicBert, "0.1.0", "Apache-2.0", "nomic-bert");
