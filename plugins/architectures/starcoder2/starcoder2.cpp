// StarCoder2 (arXiv:2402.19173): layer norms, biases everywhere, grouped-query attention, rotary
// embedding on halves, GELU in its tanh form.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class StarCoder2 {
 public:
  static constexpr std::string_view name = "starcoder2";

  static int claim(const Model& model) { return model.family() == "starcoder2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);
    const auto window = model.count_or("attention.sliding_window", 0);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      auto [q, k, v] = b.separate(b.norm(x, "attn_norm"), Bias::yes);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v}, {.window = window});
      x = g.add(x, b.attention_output(mixed, Bias::yes));
      const Node h = b.norm(x, "ffn_norm");
      x = g.add(x, b.plain(h, t.hidden(), QUIPU_ACT_GELU_TANH, Bias::yes));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(StarCoder2, "0.1.0", "Apache-2.0", "starcoder2");
