// OLMo (arXiv:2402.00838): layer norms without gains or biases, queries, keys and values that may
// be clamped, rotary embedding, SwiGLU. The converter arranges queries and keys for adjacent
// pairs.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Olmo {
 public:
  static constexpr std::string_view name = "olmo";

  static int claim(const Model& model) { return model.family() == "olmo" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    const float clamp = model.real_or("attention.clamp_kqv", 0, 0);
    const auto norm = [&](Node in) { return g.layer_norm(in, {}, {}, t.epsilon); };

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      auto [q, k, v] = b.separate(norm(x), Bias::no, clamp);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v});
      x = g.add(x, b.attention_output(mixed));
      x = g.add(x, b.gated(norm(x), t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.unembed(norm(g.select_outputs(x))), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Olmo, "0.1.0", "Apache-2.0", "olmo");
