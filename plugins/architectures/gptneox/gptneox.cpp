// GPT-NeoX (arXiv:2204.06745) and Pythia (arXiv:2304.01373): layer norms, one matrix for queries,
// keys and values, part of each head turned by halves, attention and feed-forward side by side
// unless the file says otherwise.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class GptNeoX {
 public:
  static constexpr std::string_view name = "gptneox";

  static int claim(const Model& model) { return model.family() == "gptneox" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::layer);
    const bool parallel = model.flag_or("use_parallel_residual", true);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      auto [q, k, v] = b.fused(b.norm(x, "attn_norm"), Bias::yes);
      const Node mixed = b.attention_output(b.attend({rope.query(q), rope.key(k), v}), Bias::yes);
      const Node attended = g.add(x, mixed);
      const Node h = b.norm(parallel ? x : attended, "ffn_norm");
      x = g.add(attended, b.plain(h, t.hidden(), QUIPU_ACT_GELU_ERF, Bias::yes));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(GptNeoX, "0.1.0", "Apache-2.0", "gptneox");
