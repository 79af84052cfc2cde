// EXAONE 3 (arXiv:2408.03541): pre-norm decoder with the rotary embedding on halves.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Exaone {
 public:
  static constexpr std::string_view name = "exaone";

  static int claim(const Model& model) { return model.family() == "exaone" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    Rope rope = t.rope(QUIPU_ROPE_HALVES);
    rope.factors = g.optional_weight("rope_freqs.weight", {rope.of_queries.rotary / 2});

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

QUIPU_ARCHITECTURE_PLUGIN(Exaone, "0.1.0", "Apache-2.0", "exaone");
