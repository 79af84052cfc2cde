// Qwen3 (arXiv:2505.09388): pre-norm decoder, queries and keys normalised per head, rotary
// embedding on halves, SwiGLU.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Qwen3 {
 public:
  static constexpr std::string_view name = "qwen3";

  static int claim(const Model& model) { return model.family() == "qwen3" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      const Node q = rope.query(b.head_norm(b.query(h), "attn_q_norm"));
      const Node k = rope.key(b.head_norm(b.key(h), "attn_k_norm"));
      x = g.add(x, b.attention_output(b.attend({q, k, b.value(h)})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Qwen3, "0.1.0", "Apache-2.0", "qwen3");
