// BLOOM (arXiv:2211.05100): ALiBi, a layer norm on the embeddings, one matrix for queries, keys
// and values, GELU in its tanh form.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Bloom {
 public:
  static constexpr std::string_view name = "bloom";

  static int claim(const Model& model) { return model.family() == "bloom" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);

    Node x = t.norm(g.embed(t.embedding()), "token_embd_norm", t.width);
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const auto qkv = b.fused(b.norm(x, "attn_norm"), Bias::yes);
      x = g.add(x, b.attention_output(b.attend(qkv, {.alibi_max_bias = 8}), Bias::yes));
      const Node h = b.norm(x, "ffn_norm");
      x = g.add(x, b.plain(h, t.hidden(), QUIPU_ACT_GELU_TANH, Bias::yes));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Bloom, "0.1.0", "Apache-2.0", "bloom");
