// Gemma (arXiv:2403.08295): pre-norm decoder with GeGLU; embeddings are scaled by the square root
// of the width and tied to the output.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Gemma {
 public:
  static constexpr std::string_view name = "gemma";

  static int claim(const Model& model) { return model.family() == "gemma" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.scale(g.embed(t.embedding()), std::sqrt(static_cast<float>(t.width)));
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      x = g.add(x, b.attention_output(b.attend({rope.query(q), rope.key(k), v})));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_GELU_TANH));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Gemma, "0.1.0", "Apache-2.0", "gemma");
