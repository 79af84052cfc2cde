// Qwen2-MoE (arXiv:2407.10671, section 2.2.2): Qwen2 with experts in place of the feed-forward
// layer, routed by a softmax that is not renormalised, beside a shared expert behind a sigmoid
// gate.
#include "quipu/sdk/architecture.h"

namespace {

using namespace quipu::sdk;

// Beyond any model; products of them stay in 32 bits.
constexpr std::uint32_t most_layers = 4096, most_heads = 1 << 14, most_lanes = 1 << 14;

class Qwen2Moe {
 public:
  static constexpr std::string_view name = "qwen2moe";

  static int claim(const Model& model) { return model.family() == "qwen2moe" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const auto layers = model.count("block_count", most_layers);
    const auto width = model.count("embedding_length");
    const auto heads = model.count("attention.head_count", most_heads);
    const auto kv_heads = model.divisor("attention.head_count_kv", heads);
    const auto lanes = model.head_width("attention.key_length", width, heads, most_lanes);
    const auto experts = model.count("expert_count");
    const auto used = model.count("expert_used_count", experts);
    // Of the experts together, where a file does not state that of one.
    const auto stated = [&](const char* key, std::uint32_t parts) {
      return model.has(key) ? model.count(key) : model.count("feed_forward_length") / parts;
    };
    const auto hidden = stated("expert_feed_forward_length", used);
    const auto shared_hidden = stated("expert_shared_feed_forward_length", 1);
    const auto vocabulary = model.vocabulary();
    const auto epsilon = model.real("attention.layer_norm_rms_epsilon", 0);
    g.facts = {sizeof g.facts, layers,  width, heads, kv_heads, model.count_or("context_length", 0),
               vocabulary,     experts, used};

    const auto rope_q = rope_of(model, QUIPU_ROPE_HALVES, heads, lanes);
    const auto rope_k = rope_of(model, QUIPU_ROPE_HALVES, kv_heads, lanes);

    const Node embedding = g.weight("token_embd.weight", {vocabulary, width});
    Node x = g.embed(embedding);

    for (std::uint32_t i = 0; i < layers; ++i) {
      const auto at = "blk." + std::to_string(i) + ".";
      const auto gain = [&](const char* what) { return g.weight(at + what + ".weight", {width}); };
      const auto linear = [&](Node in, const char* what, std::uint64_t rows,
                              std::uint64_t columns) {
        return g.linear(in, g.weight(at + what + ".weight", {rows, columns}));
      };
      const auto biased = [&](Node in, const char* what, std::uint64_t rows,
                              std::uint64_t columns) {
        return g.linear(in, g.weight(at + what + ".weight", {rows, columns}),
                        g.weight(at + what + ".bias", {rows}));
      };

      Node h = g.rms_norm(x, gain("attn_norm"), epsilon);
      const Node q = g.rope(biased(h, "attn_q", heads * lanes, width), rope_q);
      const Node k = g.rope(biased(h, "attn_k", kv_heads * lanes, width), rope_k);
      const Node v = biased(h, "attn_v", kv_heads * lanes, width);
      const Node mixed = g.attention(q, k, v,
                                     {.layer = i,
                                      .heads = heads,
                                      .kv_heads = kv_heads,
                                      .key_width = lanes,
                                      .value_width = lanes,
                                      .causal = 1,
                                      .scale = 1.0f / std::sqrt(static_cast<float>(lanes))});
      x = g.add(x, linear(mixed, "attn_output", width, heads * lanes));

      h = g.rms_norm(x, gain("ffn_norm"), epsilon);
      const Graph::Experts weights{
          .router = g.weight(at + "ffn_gate_inp.weight", {experts, width}),
          .gate = g.weight(at + "ffn_gate_exps.weight", {experts, hidden, width}),
          .up = g.weight(at + "ffn_up_exps.weight", {experts, hidden, width}),
          .down = g.weight(at + "ffn_down_exps.weight", {experts, width, hidden})};
      const Node routed = g.moe(h, weights,
                                {.experts = experts,
                                 .used = used,
                                 .router = QUIPU_ROUTER_SOFTMAX,
                                 .scale = 1,
                                 .activation = QUIPU_ACT_SILU});
      const Node gated = g.glu(linear(h, "ffn_gate_shexp", shared_hidden, width),
                               linear(h, "ffn_up_shexp", shared_hidden, width), QUIPU_ACT_SILU);
      const Node shared = linear(gated, "ffn_down_shexp", width, shared_hidden);
      const Node share = g.activation(linear(h, "ffn_gate_inp_shexp", 1, width), QUIPU_ACT_SIGMOID);
      x = g.add(x, g.add(routed, g.mul(shared, share)));
    }

    x = g.rms_norm(g.select_outputs(x), g.weight("output_norm.weight", {width}), epsilon);
    const Node output = model.has_tensor("output.weight")
                            ? g.weight("output.weight", {vocabulary, width})
                            : embedding;
    g.output(g.linear(x, output), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Qwen2Moe, "0.1.0", "Apache-2.0", "qwen2moe");
