// SmolLM3 (Hugging Face 2025): pre-norm decoder in which every fourth layer has no rotary embedding
// (NoPE, arXiv:2501.18795).
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class SmolLm3 {
 public:
  static constexpr std::string_view name = "smollm3";

  static int claim(const Model& model) { return model.family() == "smollm3" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    constexpr std::uint32_t period = 4;

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      if ((i + 1) % period != 0) {
        q = rope.query(q);
        k = rope.key(k);
      }
      x = g.add(x, b.attention_output(b.attend({q, k, v})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(SmolLm3, "0.1.0", "Apache-2.0", "smollm3");
