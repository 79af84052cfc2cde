// Gemma 3 (arXiv:2503.19786): norms before and after each block, normalised queries and keys, five
// layers with a sliding window to each one without, GeGLU, embeddings scaled by the square root of
// the width and tied to the output.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Gemma3 {
 public:
  static constexpr std::string_view name = "gemma3";

  static int claim(const Model& model) { return model.family() == "gemma3" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms, 256);
    const auto window = model.count_or("attention.sliding_window", 0);
    const auto period = model.count_or("attention.sliding_window_pattern", 6);

    // The largest model scales its queries by the width that its heads would have by division.
    constexpr std::uint32_t layers_of_27b = 62;
    const auto query_width = t.layers == layers_of_27b ? t.width / t.heads : t.key_width;
    const auto scale =
        model.real_or("attention.scale", 1.0f / std::sqrt(static_cast<float>(query_width)));

    // Only the layers without a window see far, so only they are stretched.
    const Rope global = t.rope(QUIPU_ROPE_HALVES, 1e6f);
    Rope local = global;
    for (quipu_rope* r : {&local.of_queries, &local.of_keys}) {
      r->base = model.real_or("rope.freq_base_swa", 10000.0f);
      r->scaling = QUIPU_ROPE_SCALING_NONE;
      r->magnitude = 1;
    }

    Node x = g.scale(g.embed(t.embedding()), std::sqrt(static_cast<float>(t.width)));
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const bool near = window && period && (i + 1) % period != 0;
      const Rope& rope = near ? local : global;
      Node h = b.norm(x, "attn_norm");
      const Node q = rope.query(b.head_norm(b.query(h), "attn_q_norm"));
      const Node k = rope.key(b.head_norm(b.key(h), "attn_k_norm"));
      const Node mixed =
          b.attend({q, k, b.value(h)}, {.window = near ? window : 0, .scale = scale});
      x = g.add(x, b.norm(b.attention_output(mixed), "post_attention_norm"));

      h = b.gated(b.norm(x, "ffn_norm"), t.hidden(), QUIPU_ACT_GELU_TANH);
      x = g.add(x, b.norm(h, "post_ffw_norm"));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Gemma3, "0.1.0", "Apache-2.0", "gemma3");
