// Qwen3-MoE (arXiv:2505.09388): Qwen3 with a mixture of experts in place of the feed-forward
// layer; the weights of the chosen experts add up to 1.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Qwen3Moe {
 public:
  static constexpr std::string_view name = "qwen3moe";

  static int claim(const Model& model) { return model.family() == "qwen3moe" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const auto hidden = model.count("expert_feed_forward_length");
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      const Node q = rope.query(b.head_norm(b.query(h), "attn_q_norm"));
      const Node k = rope.key(b.head_norm(b.key(h), "attn_k_norm"));
      x = g.add(x, b.attention_output(b.attend({q, k, b.value(h)})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.mixture(h, b.experts(hidden), {.renormalise = 1}));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Qwen3Moe, "0.1.0", "Apache-2.0", "qwen3moe");
