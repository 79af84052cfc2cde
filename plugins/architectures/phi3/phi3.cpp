// Phi-3 (arXiv:2404.14219): pre-norm decoder with one matrix for queries, keys and values and one
// for gate and up; rotary embedding on halves, with factors of their own for short and long
// contexts (LongRoPE, arXiv:2402.13753).
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Phi3 {
 public:
  static constexpr std::string_view name = "phi3";

  static int claim(const Model& model) { return model.family() == "phi3" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    Rope rope = t.rope(QUIPU_ROPE_HALVES);
    if (model.has("rope.scaling.attn_factor") || model.has_tensor("rope_factors_long.weight")) {
      const std::uint64_t pairs = rope.of_queries.rotary / 2;
      rope.factors = g.weight("rope_factors_short.weight", {pairs});
      rope.long_factors = g.weight("rope_factors_long.weight", {pairs});
      for (quipu_rope* r : {&rope.of_queries, &rope.of_keys}) {
        r->scaling = QUIPU_ROPE_SCALING_LONG;
        r->original_context = model.count("rope.scaling.original_context_length");
        r->magnitude = model.real_or("rope.scaling.attn_factor", 1.0f, 0);
      }
    }
    const auto window = model.count_or("attention.sliding_window", 0);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.fused(h);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v}, {.window = window});
      x = g.add(x, b.attention_output(mixed));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.fused_gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Phi3, "0.1.0", "Apache-2.0", "phi3");
