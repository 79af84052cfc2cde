// Llama 4 (Meta 2025), its text model: three layers with a rotary embedding and attention within
// chunks to each one with neither, whose queries grow with their position; queries and keys
// normalised without gains; experts chosen by a sigmoid that weighs their input, beside a shared
// one.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Llama4 {
 public:
  static constexpr std::string_view name = "llama4";

  static int claim(const Model& model) { return model.family() == "llama4" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    rope.factors = g.optional_weight("rope_freqs.weight", {rope.of_queries.rotary / 2});
    const auto expert_hidden = model.count("expert_feed_forward_length");
    const auto step = model.count("interleave_moe_layer_step");
    model.count("expert_count");
    // A window of 0 says that all layers turn and see everything.
    const bool chunked = model.count_or("attention.sliding_window", 1) != 0;
    constexpr std::uint32_t period = 4, chunk = 8192;
    constexpr float growth = 0.1f;
    // The model with 128 experts leaves queries and keys as they are.
    const bool normalised = t.experts != 128;
    const auto head_norm = [&](Node in) {
      return normalised ? g.rms_norm(in, {}, t.epsilon, t.key_width) : in;
    };

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      const bool far = chunked && (i + 1) % period == 0;
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h);
      if (far) {
        q = g.scale_by_position(q, growth, chunk);
      } else {
        q = head_norm(rope.query(q));
        k = head_norm(rope.key(k));
      }
      const Node mixed = b.attend(
          {q, k, v}, {.window = chunked && !far ? chunk : 0, .window_kind = QUIPU_WINDOW_CHUNKED});
      x = g.add(x, b.attention_output(mixed));

      h = b.norm(x, "ffn_norm");
      if ((i + 1) % step != 0) {
        x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU));
        continue;
      }
      const Node routed = b.mixture(h, b.experts(expert_hidden),
                                    {.router = QUIPU_ROUTER_SIGMOID, .weight_input = 1});
      x = g.add(x, g.add(routed, b.shared_expert(h, expert_hidden)));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Llama4, "0.1.0", "Apache-2.0", "llama4");
