// LLaMA (arXiv:2302.13971, 2307.09288, 2407.21783): pre-norm decoder, rotary embedding on adjacent
// pairs, grouped-query attention, SwiGLU. Many families call themselves so in their files; biases
// and a mixture of experts (arXiv:2401.04088) are there when the file has them.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Llama {
 public:
  static constexpr std::string_view name = "llama";

  static int claim(const Model& model) { return model.family() == "llama" ? 90 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    // A mixture reads the experts of a layer from one tensor.
    if (t.experts && model.has_tensor("blk.0.ffn_gate.0.weight") &&
        !model.has_tensor("blk.0.ffn_gate_exps.weight"))
      throw Error(QUIPU_E_UNSUPPORTED,
                  "blk.0.ffn_gate.0.weight: expected all experts of a layer in one tensor, "
                  "blk.0.ffn_gate_exps.weight, found a tensor for each: an older converter wrote "
                  "this file, and a newer one can write it again");
    Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    // Wavelength-dependent factors of a long context.
    rope.factors = g.optional_weight("rope_freqs.weight", {rope.of_queries.rotary / 2});
    constexpr auto bias = Bias::if_there;

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, bias);
      const Node mixed = b.attend({rope.query(q), rope.key(k), v});
      x = g.add(x, b.attention_output(mixed, bias));

      h = b.norm(x, "ffn_norm");
      const Node out = t.experts ? b.mixture(h, b.experts(t.hidden()), {.renormalise = 1})
                                 : b.gated(h, t.hidden(), QUIPU_ACT_SILU, bias);
      x = g.add(x, out);
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Llama, "0.1.0", "Apache-2.0", "llama");
