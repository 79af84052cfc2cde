// Gemma 3 (arXiv:2503.19786): norms before and after each block, normalised queries and keys, five
// layers with a sliding window to each one without, GeGLU, embeddings scaled by the square root of
// the width and tied to the output.
#include "quipu/sdk/architecture.h"

namespace {

using namespace quipu::sdk;

// Beyond any model; products of them stay in 32 bits.
constexpr std::uint32_t most_layers = 4096, most_heads = 1 << 14, most_lanes = 1 << 14;

class Gemma3 {
 public:
  static constexpr std::string_view name = "gemma3";

  static int claim(const Model& model) { return model.family() == "gemma3" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const auto layers = model.count("block_count", most_layers);
    const auto width = model.count("embedding_length");
    const auto hidden = model.count("feed_forward_length");
    const auto heads = model.count("attention.head_count", most_heads);
    const auto kv_heads = model.divisor("attention.head_count_kv", heads);
    const auto lanes =
        model.has("attention.key_length") ? model.count("attention.key_length", most_lanes) : 256;
    const auto window = model.count_or("attention.sliding_window", 0);
    const auto period = model.count_or("attention.sliding_window_pattern", 6);
    const auto vocabulary = model.vocabulary();
    const auto epsilon = model.real("attention.layer_norm_rms_epsilon", 0);
    g.facts = {sizeof g.facts, layers, width, heads, kv_heads, model.count_or("context_length", 0),
               vocabulary,     0,      0};

    // The largest model scales its queries by the width that its heads would have by division.
    constexpr std::uint32_t layers_of_27b = 62;
    const auto query_width = layers == layers_of_27b ? width / heads : lanes;
    const auto scale =
        model.real_or("attention.scale", 1.0f / std::sqrt(static_cast<float>(query_width)));

    // Only the layers without a window see far, so only they are stretched.
    const auto rope = [&](std::uint32_t count, bool local) {
      auto r = rope_of(model, QUIPU_ROPE_HALVES, count, lanes, 1e6f);
      if (local) {
        r.base = model.real_or("rope.freq_base_swa", 10000.0f);
        r.scaling = QUIPU_ROPE_SCALING_NONE;
        r.magnitude = 1;
      }
      return r;
    };

    const Node embedding = g.weight("token_embd.weight", {vocabulary, width});
    Node x = g.scale(g.embed(embedding), std::sqrt(static_cast<float>(width)));

    for (std::uint32_t i = 0; i < layers; ++i) {
      const bool local = window && period && (i + 1) % period != 0;
      const auto at = "blk." + std::to_string(i) + ".";
      const auto norm = [&](Node in, const char* what) {
        return g.rms_norm(in, g.weight(at + what + ".weight", {width}), epsilon);
      };
      const auto head_norm = [&](Node in, const char* what) {
        return g.rms_norm(in, g.weight(at + what + ".weight", {lanes}), epsilon, lanes);
      };
      const auto linear = [&](Node in, const char* what, std::uint64_t rows,
                              std::uint64_t columns) {
        return g.linear(in, g.weight(at + what + ".weight", {rows, columns}));
      };

      Node h = norm(x, "attn_norm");
      const Node q = head_norm(linear(h, "attn_q", heads * lanes, width), "attn_q_norm");
      const Node k = head_norm(linear(h, "attn_k", kv_heads * lanes, width), "attn_k_norm");
      const Node v = linear(h, "attn_v", kv_heads * lanes, width);
      const Node mixed =
          g.attention(g.rope(q, rope(heads, local)), g.rope(k, rope(kv_heads, local)), v,
                      {.layer = i,
                       .heads = heads,
                       .kv_heads = kv_heads,
                       .key_width = lanes,
                       .value_width = lanes,
                       .causal = 1,
                       .window = local ? window : 0,
                       .scale = scale});
      x = g.add(x, norm(linear(mixed, "attn_output", width, heads * lanes), "post_attention_norm"));

      h = norm(x, "ffn_norm");
      const Node gated = g.glu(linear(h, "ffn_gate", hidden, width),
                               linear(h, "ffn_up", hidden, width), QUIPU_ACT_GELU_TANH);
      x = g.add(x, norm(linear(gated, "ffn_down", width, hidden), "post_ffw_norm"));
    }

    x = g.rms_norm(g.select_outputs(x), g.weight("output_norm.weight", {width}), epsilon);
    const Node output = model.has_tensor("output.weight")
                            ? g.weight("output.weight", {vocabulary, width})
                            : embedding;
    g.output(g.linear(x, output), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Gemma3, "0.1.0", "Apache-2.0", "gemma3");
