// Phi-1.5 and Phi-2 (arXiv:2309.05463): attention and feed-forward side by side after one layer
// norm, part of each head turned by halves, biases everywhere, GELU in its tanh form.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Phi2 {
 public:
  static constexpr std::string_view name = "phi2";

  static int claim(const Model& model) { return model.family() == "phi2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::yes);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v});
      x = g.add(g.add(x, b.attention_output(mixed, Bias::yes)),
                b.plain(h, t.hidden(), QUIPU_ACT_GELU_TANH, Bias::yes));
    }
    g.output(t.logits(x, true), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Phi2, "0.1.0", "Apache-2.0", "phi2");
