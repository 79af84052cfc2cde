// Mistral (arXiv:2310.06825): pre-norm decoder with a sliding window in the first release, and
// Mistral 3 with a stretched context (YaRN) and queries that grow with their position. Files of the
// former call themselves llama; their name or their window tells them.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class Mistral {
 public:
  static constexpr std::string_view name = "mistral";

  static int claim(const Model& model) {
    if (model.family() == "mistral3") return 100;
    if (model.family() != "llama" || model.has("expert_count")) return 0;
    std::string title = model.text_or("general.name", "") + model.text_or("general.basename", "");
    for (char& c : title) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool says_so = title.find("mistral") != std::string::npos;
    return says_so || model.has("attention.sliding_window") ? 95 : 0;
  }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    Rope rope = t.rope(QUIPU_ROPE_ADJACENT);
    rope.factors = g.optional_weight("rope_freqs.weight", {rope.of_queries.rotary / 2});
    const auto window = model.count_or("attention.sliding_window", 0);
    const float growth = model.real_or("attention.temperature_scale", 0);
    const auto period = growth == 0 ? 0
                        : model.has("attention.temperature_length")
                            ? model.count("attention.temperature_length")
                            : model.count("rope.scaling.original_context_length");

    constexpr auto bias = Bias::if_there;

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      Node h = b.norm(x, "attn_norm");
      auto [q, k, v] = b.separate(h, bias);
      q = rope.query(q);
      if (growth != 0) q = g.scale_by_position(q, growth, static_cast<float>(period));
      const Node mixed = b.attend({q, rope.key(k), v}, {.window = window});
      x = g.add(x, b.attention_output(mixed, bias));

      h = b.norm(x, "ffn_norm");
      x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU, bias));
    }
    g.output(t.logits(x), "logits");
  }
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(Mistral, "0.1.0", "Apache-2.0", "llama;mistral3");
