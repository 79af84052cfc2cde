// Nemotron (arXiv:2402.16819, 2407.14679): layer norms, part of each head turned by halves, a
// feed-forward layer with a squared ReLU and no gate.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Nemotron {
 public:
  static constexpr std::string_view name = "nemotron";

  static int claim(const Model& model) { return model.family() == "nemotron" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::if_there);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v});
      x = g.add(x, b.attention_output(mixed, Bias::if_there));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.plain(h, t.hidden(), QUIPU_ACT_RELU_SQUARED, Bias::if_there));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Nemotron, "0.1.0", "Apache-2.0", "nemotron");
