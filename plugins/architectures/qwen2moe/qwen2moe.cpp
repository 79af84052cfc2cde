// Qwen2-MoE (arXiv:2407.10671, section 2.2.2): Qwen2 with experts in place of the feed-forward
// layer, routed by a softmax that is not renormalised, beside a shared expert behind a sigmoid
// gate.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Qwen2Moe {
 public:
  static constexpr std::string_view name = "qwen2moe";

  static int claim(const Model& model) { return model.family() == "qwen2moe" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const auto used = model.count("expert_used_count", model.count("expert_count"));
    // Of the experts together, where a file does not state that of one.
    const auto stated = [&](const char* key, std::uint32_t parts) {
      return model.has(key) ? model.count(key) : t.hidden() / parts;
    };
    const auto hidden = stated("expert_feed_forward_length", used);
    const auto shared_hidden = stated("expert_shared_feed_forward_length", 1);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::yes);
      x = g.add(x, b.attention_output(b.attend({rope.query(q), rope.key(k), v})));

      h = b.norm(x, "ffn_norm");
      const Node routed = b.mixture(h, b.experts(hidden), {});
      const Node shared = b.shared_expert(h, shared_hidden);
      const Node share =
          g.activation(b.linear(h, "ffn_gate_inp_shexp", 1, t.width), QUIPU_ACT_SIGMOID);
      x = g.add(x, g.add(routed, g.mul(shared, share)));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Qwen2Moe, "0.1.0", "Apache-2.0", "qwen2moe");
