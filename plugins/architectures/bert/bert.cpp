// BERT (arXiv:1810.04805), an encoder: tokens, positions and the first token type added, attention
// to all tokens, norms after each addition.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Bert {
 public:
  static constexpr std::string_view name = "bert";

  static int claim(const Model& model) { return model.family() == "bert" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const auto context = model.count("context_length");
    const std::uint64_t types = model.count_or("token_type_count", 2);
    const Node positions = g.weight("position_embd.weight", {context, t.width});
    const Node token_types = g.optional_weight("token_types.weight", {types, t.width});

    Node x = g.add(g.embed(t.embedding()), g.embed_positions(positions));
    if (token_types) x = g.add(x, g.embed_token_types(token_types));
    x = t.norm(x, "token_embd_norm", t.width);
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const auto qkv = b.separate(x, Bias::yes);
      const Node mixed = b.attention_output(b.attend_all(qkv), Bias::yes);
      x = b.norm(g.add(x, mixed), "attn_output_norm");
      const Node h = b.plain(x, t.hidden(), QUIPU_ACT_GELU_ERF, Bias::yes);
      x = b.norm(g.add(x, h), "layer_output_norm");
    }
    g.output(g.select_outputs(x), "embeddings");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Bert, "0.1.0", "Apache-2.0", "bert");
