// Command R7B and Command A (arXiv:2504.00698): attention and feed-forward side by side after one
// layer norm without a bias; three layers with a sliding window and a rotary embedding to each one
// with neither.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Cohere2 {
 public:
  static constexpr std::string_view name = "cohere2";

  static int claim(const Model& model) { return model.family() == "cohere2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer_gain);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    const float logit_scale = model.real_or("logit_scale", 1);
    const auto window = model.count("attention.sliding_window");
    constexpr std::uint32_t period = 4;

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const bool near = (i + 1) % period != 0;
      const Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      const Node mixed = near ? b.attend({rope.query(q), rope.key(k), v}, {.window = window})
                              : b.attend({q, k, v});
      x = g.add(g.add(x, b.attention_output(mixed)), b.gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(g.scale(t.logits(x), logit_scale), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Cohere2, "0.1.0", "Apache-2.0", "cohere2");
