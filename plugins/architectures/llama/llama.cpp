// LLaMA (arXiv:2302.13971, 2307.09288, 2407.21783): pre-norm decoder, rotary embedding on adjacent
// pairs, grouped-query attention, SwiGLU. Files of Mistral, CodeLlama, Yi, DeepSeek LLM, SmolLM and
// Mixtral (arXiv:2401.04088) call themselves llama too; biases and experts are there when the file
// has them.
#include "quipu/sdk/architecture.h"

namespace {

using namespace quipu::sdk;

// Beyond any model; products of them stay in 32 bits.
constexpr std::uint32_t most_layers = 4096, most_heads = 1 << 14, most_lanes = 1 << 14;

class Llama {
 public:
  static constexpr std::string_view name = "llama";

  static int claim(const Model& model) { return model.family() == "llama" ? 90 : 0; }

  static void build(const Model& model, Graph& g) {
    const auto layers = model.count("block_count", most_layers);
    const auto width = model.count("embedding_length");
    const auto hidden = model.count("feed_forward_length");
    const auto heads = model.count("attention.head_count", most_heads);
    const auto kv_heads = model.divisor("attention.head_count_kv", heads);
    const auto key_width = model.head_width("attention.key_length", width, heads, most_lanes);
    const auto value_width = model.head_width("attention.value_length", width, heads, most_lanes);
    const auto experts = model.count_or("expert_count", 0);
    const auto used = experts ? model.count("expert_used_count", experts) : 0;
    const auto vocabulary = model.vocabulary();
    const auto epsilon = model.real("attention.layer_norm_rms_epsilon", 0);
    g.facts = {sizeof g.facts, layers,  width, heads, kv_heads, model.count_or("context_length", 0),
               vocabulary,     experts, used};
    // A mixture reads the experts of a layer from one tensor.
    if (experts && model.has_tensor("blk.0.ffn_gate.0.weight") &&
        !model.has_tensor("blk.0.ffn_gate_exps.weight"))
      throw Error(QUIPU_E_UNSUPPORTED,
                  "blk.0.ffn_gate.0.weight: expected all experts of a layer in one tensor, "
                  "blk.0.ffn_gate_exps.weight, found a tensor for each: an older converter wrote "
                  "this file, and a newer one can write it again");

    const auto rope_q = rope_of(model, QUIPU_ROPE_ADJACENT, heads, key_width);
    const auto rope_k = rope_of(model, QUIPU_ROPE_ADJACENT, kv_heads, key_width);
    // Llama 3.1 ships the wavelength-dependent factors of its long context as a tensor.
    const Node factors = g.optional_weight("rope_freqs.weight", {rope_q.rotary / 2});

    const Node embedding = g.weight("token_embd.weight", {vocabulary, width});
    Node x = g.embed(embedding);

    for (std::uint32_t i = 0; i < layers; ++i) {
      const auto at = "blk." + std::to_string(i) + ".";
      const auto gain = [&](const char* what) { return g.weight(at + what + ".weight", {width}); };
      const auto linear = [&](Node in, const char* what, std::uint64_t rows,
                              std::uint64_t columns) {
        return g.linear(in, g.weight(at + what + ".weight", {rows, columns}),
                        g.optional_weight(at + what + ".bias", {rows}));
      };

      Node h = g.rms_norm(x, gain("attn_norm"), epsilon);
      const Node q = g.rope(linear(h, "attn_q", heads * key_width, width), rope_q, factors);
      const Node k = g.rope(linear(h, "attn_k", kv_heads * key_width, width), rope_k, factors);
      const Node v = linear(h, "attn_v", kv_heads * value_width, width);
      const Node mixed = g.attention(q, k, v,
                                     {.layer = i,
                                      .heads = heads,
                                      .kv_heads = kv_heads,
                                      .key_width = key_width,
                                      .value_width = value_width,
                                      .causal = 1,
                                      .scale = 1.0f / std::sqrt(static_cast<float>(key_width))});
      x = g.add(x, linear(mixed, "attn_output", width, heads * value_width));

      h = g.rms_norm(x, gain("ffn_norm"), epsilon);
      if (experts == 0) {
        const Node gated = g.glu(linear(h, "ffn_gate", hidden, width),
                                 linear(h, "ffn_up", hidden, width), QUIPU_ACT_SILU);
        x = g.add(x, linear(gated, "ffn_down", width, hidden));
      } else {
        const Graph::Experts weights{
            .router = g.weight(at + "ffn_gate_inp.weight", {experts, width}),
            .gate = g.weight(at + "ffn_gate_exps.weight", {experts, hidden, width}),
            .up = g.weight(at + "ffn_up_exps.weight", {experts, hidden, width}),
            .down = g.weight(at + "ffn_down_exps.weight", {experts, width, hidden})};
        x = g.add(x, g.moe(h, weights,
                           {.experts = experts,
                            .used = used,
                            .router = QUIPU_ROUTER_SOFTMAX,
                            .renormalise = 1,
                            .scale = 1,
                            .activation = QUIPU_ACT_SILU}));
      }
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

QUIPU_ARCHITECTURE_PLUGIN(Llama, "0.1.0", "Apache-2.0", "llama");
