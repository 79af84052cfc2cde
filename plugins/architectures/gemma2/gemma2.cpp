// Gemma 2 (arXiv:2408.00118): norms before and after each block, every second layer with a sliding
// window, scores and logits bounded by a soft cap, GeGLU.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Gemma2 {
 public:
  static constexpr std::string_view name = "gemma2";

  static int claim(const Model& model) { return model.family() == "gemma2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);
    const auto window = model.count_or("attention.sliding_window", 4096);
    const float score_cap = model.real_or("attn_logit_softcapping", 50, 0);
    const float logit_cap = model.real_or("final_logit_softcapping", 30, 0);
    // The largest model scales its queries by the width that its heads would have by division.
    constexpr std::uint32_t layers_of_27b = 46;
    const auto query_width = t.layers == layers_of_27b ? t.width / t.heads : t.key_width;
    const float scale = 1.0f / std::sqrt(static_cast<float>(query_width));

    Node x = g.scale(g.embed(t.embedding()), std::sqrt(static_cast<float>(t.width)));
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      const Node mixed =
          b.attend({rope.query(q), rope.key(k), v},
                   {.window = i % 2 == 0 ? window : 0, .scale = scale, .softcap = score_cap});
      x = g.add(x, b.norm(b.attention_output(mixed), "post_attention_norm"));

      h = b.gated(b.norm(x, "ffn_norm"), t.hidden(), QUIPU_ACT_GELU_TANH);
      x = g.add(x, b.norm(h, "post_ffw_norm"));
    }
    const Node logits = t.logits(x);
    g.output(logit_cap > 0 ? g.softcap(logits, logit_cap) : logits, "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Gemma2, "0.1.0", "Apache-2.0", "gemma2");
