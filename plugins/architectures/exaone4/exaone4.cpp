// EXAONE 4 (arXiv:2507.11407): norms after attention and feed-forward only, queries and keys
// normalised per head. The large model has three layers with a sliding window and a rotary
// embedding to each one with neither.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Exaone4 {
 public:
  static constexpr std::string_view name = "exaone4";

  static int claim(const Model& model) { return model.family() == "exaone4" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    Rope rope = t.rope(QUIPU_ROPE_HALVES);
    rope.factors = g.optional_weight("rope_freqs.weight", {rope.of_queries.rotary / 2});
    const auto window = model.count_or("attention.sliding_window", 0);
    const auto period = model.count_or("attention.sliding_window_pattern", 4);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const bool far = window && period && (i + 1) % period == 0;
      Node q = b.head_norm(b.query(x), "attn_q_norm"), k = b.head_norm(b.key(x), "attn_k_norm");
      if (!far) {
        q = rope.query(q);
        k = rope.key(k);
      }
      const Node mixed = b.attend({q, k, b.value(x)}, {.window = far ? 0 : window});
      x = g.add(x, b.norm(b.attention_output(mixed), "post_attention_norm"));
      x = g.add(x, b.norm(b.gated(x, t.hidden(), QUIPU_ACT_SILU), "post_ffw_norm"));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Exaone4, "0.1.0", "Apache-2.0", "exaone4");
