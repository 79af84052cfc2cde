// Baichuan (arXiv:2309.10305): pre-norm decoder with SwiGLU. The model of 7B turns adjacent pairs,
// that of 13B has ALiBi (arXiv:2108.12409); files tell them apart by their layers alone.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Baichuan {
 public:
  static constexpr std::string_view name = "baichuan";

  static int claim(const Model& model) { return model.family() == "baichuan" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    constexpr std::uint32_t layers_of_13b = 40;
    const bool alibi = t.layers == layers_of_13b;
    const Rope rope = t.rope(QUIPU_ROPE_ADJACENT);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      const Node mixed = alibi ? b.attend({q, k, v}, {.alibi_max_bias = 8})
                               : b.attend({rope.query(q), rope.key(k), v});
      x = g.add(x, b.attention_output(mixed));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Baichuan, "0.1.0", "Apache-2.0", "baichuan");
