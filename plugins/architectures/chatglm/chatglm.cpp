// ChatGLM3 and GLM-4-9B (arXiv:2406.12793): pre-norm decoder with one biased matrix for queries,
// keys and values and one for gate and up; half of each head turned in adjacent pairs.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class ChatGlm {
 public:
  static constexpr std::string_view name = "chatglm";

  static int claim(const Model& model) { return model.family() == "chatglm" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.fused(h, Bias::if_there);
      x = g.add(x, b.attention_output(b.attend({rope.query(q), rope.key(k), v})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.fused_gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(ChatGlm, "0.1.0", "Apache-2.0", "chatglm");
