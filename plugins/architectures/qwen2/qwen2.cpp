// Qwen2 (arXiv:2407.10671): pre-norm decoder, grouped-query attention with biased q, k, v
// projections, rotary embedding on halves, SwiGLU.
#include "quipu/sdk/architecture.h"

namespace {

using namespace quipu::sdk;

// Beyond any model; products of them stay in 32 bits.
constexpr std::uint32_t most_layers = 4096, most_heads = 1 << 14, most_lanes = 1 << 14;

class Qwen2 {
 public:
  static constexpr std::string_view name = "qwen2";

  static int claim(const Model& model) { return model.family() == "qwen2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const auto layers = model.count("block_count", most_layers);
    const auto width = model.count("embedding_length");
    const auto hidden = model.count("feed_forward_length");
    const auto heads = model.count("attention.head_count", most_heads);
    const auto kv_heads = model.divisor("attention.head_count_kv", heads);
    const auto lanes = model.head_width("attention.key_length", width, heads, most_lanes);
    const auto vocabulary = model.vocabulary();
    const auto epsilon = model.real("attention.layer_norm_rms_epsilon", 0);
    g.facts = {sizeof g.facts, layers, width, heads, kv_heads, model.count_or("context_length", 0),
               vocabulary,     0,      0};

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
      const Node gated = g.glu(linear(h, "ffn_gate", hidden, width),
                               linear(h, "ffn_up", hidden, width), QUIPU_ACT_SILU);
      x = g.add(x, linear(gated, "ffn_down", width, hidden));
    }

    x = g.rms_norm(g.select_outputs(x), g.weight("output_norm.weight", {width}), epsilon);
    // Small models tie the output projection to the embedding table.
    const Node output = model.has_tensor("output.weight")
                            ? g.weight("output.weight", {vocabulary, width})
                            : embedding;
    g.output(g.linear(x, output), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Qwen2, "0.1.0", "Apache-2.0", "qwen2");
