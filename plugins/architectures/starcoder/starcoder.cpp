// StarCoder and SantaCoder (arXiv:2305.06161, 2301.03988): GPT-2 with one key and value head for
// all queries.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class StarCoder {
 public:
  static constexpr std::string_view name = "starcoder";

  static int claim(const Model& model) { return model.family() == "starcoder" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const auto context = model.count("context_length");
    const Node positions = g.weight("position_embd.weight", {context, t.width});

    Node x = g.add(g.embed(t.embedding()), g.embed_positions(positions));
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const auto qkv = b.fused(b.norm(x, "attn_norm"), Bias::yes);
      x = g.add(x, b.attention_output(b.attend(qkv), Bias::yes));
      const Node h = b.norm(x, "ffn_norm");
      x = g.add(x, b.plain(h, t.hidden(), QUIPU_ACT_GELU_TANH, Bias::yes));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(StarCoder, "0.1.0", "Apache-2.0", "starcoder");
