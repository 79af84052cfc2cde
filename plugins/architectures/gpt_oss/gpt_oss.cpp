// gpt-oss (arXiv:2508.10925): every second layer with a sliding window, a learned sink in each
// head's softmax, biases everywhere, a mixture of experts chosen by logit with a clamped SwiGLU,
// YaRN.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class GptOss {
 public:
  static constexpr std::string_view name = "gpt-oss";

  static int claim(const Model& model) { return model.family() == "gpt-oss" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Rope rope = t.rope(QUIPU_ROPE_HALVES);
    const auto window = model.count("attention.sliding_window");
    const std::uint64_t experts = model.count("expert_count");
    const auto hidden = model.count("expert_feed_forward_length");
    constexpr quipu_moe mixture{.router = QUIPU_ROUTER_SOFTMAX_TOP,
                                .activation = QUIPU_ACT_SWIGLU_CLAMPED,
                                .alpha = 1.702f,
                                .limit = 7};

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, Bias::yes);
      const Node sinks = g.weight(b.name("attn_sinks.weight"), {t.heads});
      const Node mixed =
          b.attend({rope.query(q), rope.key(k), v}, {.window = i % 2 == 0 ? window : 0}, sinks);
      x = g.add(x, b.attention_output(mixed, Bias::yes));

      h = b.norm(x, "post_attention_norm");
      auto e = b.experts(hidden);
      e.router_bias = g.weight(b.name("ffn_gate_inp.bias"), {experts});
      e.gate_bias = g.weight(b.name("ffn_gate_exps.bias"), {experts, hidden});
      e.up_bias = g.weight(b.name("ffn_up_exps.bias"), {experts, hidden});
      e.down_bias = g.weight(b.name("ffn_down_exps.bias"), {experts, t.width});
      x = g.add(x, b.mixture(h, e, mixture));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(GptOss, "0.1.0", "Apache-2.0", "gpt-oss");
