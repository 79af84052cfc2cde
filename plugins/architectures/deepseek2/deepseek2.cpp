// DeepSeek V2 and V3 (arXiv:2405.04434, 2412.19437): multi-head latent attention, in which all
// heads read one compressed row per token, and a mixture of experts beside shared ones after some
// dense layers. Newer files have the matrices that expand a row per head, so that queries are
// brought to the compressed rows; older ones have them as one, and rows are expanded.
#include "quipu/sdk/transformer.h"

namespace {

using namespace quipu::sdk;

class DeepSeek2 {
 public:
  static constexpr std::string_view name = "deepseek2";

  static int claim(const Model& model) { return model.family() == "deepseek2" ? 100 : 0; }

  static void build(const Model& model, Graph& g) {
    const Transformer t(model, g, Norm::rms);
    const Attention attention(t);
    const auto dense_layers = model.count_or("leading_dense_block_count", 0);
    const auto expert_hidden = model.count("expert_feed_forward_length", 1u << 20);
    const auto shared_hidden = model.count_or("expert_shared_count", 0, 1024) * expert_hidden;
    const auto gating = model.count_or("expert_gating_func", 1);
    if (gating != 1 && gating != 2)
      throw Error(QUIPU_E_UNSUPPORTED, model.full("expert_gating_func") +
                                           ": expected 1 (softmax) or 2 (sigmoid), found " +
                                           std::to_string(gating));
    const auto groups = model.count_or("expert_group_count", 0);
    const quipu_moe mixture{.router = gating == 2 ? QUIPU_ROUTER_SIGMOID : QUIPU_ROUTER_SOFTMAX,
                            .renormalise = model.flag_or("expert_weights_norm", false),
                            .groups = groups > 1 ? groups : 0,
                            .groups_used =
                                groups > 1 ? model.count("expert_group_used_count", groups) : 0,
                            .scale = model.real_or("expert_weights_scale", 1),
                            .group_best = gating == 2 ? 2u : 1u};

    Node x = g.embed(t.embedding());
    for (std::uint32_t i = 0; i < t.layers; ++i) {
      const auto b = t.block(i);
      x = g.add(x, attention(b, b.norm(x, "attn_norm")));
      const Node h = b.norm(x, "ffn_norm");
      if (i < dense_layers) {
        x = g.add(x, b.gated(h, t.hidden(), QUIPU_ACT_SILU));
        continue;
      }
      auto experts = b.experts(expert_hidden);
      if (t.blocks_have("exp_probs_b.bias"))
        experts.selection_bias = g.weight(b.name("exp_probs_b.bias"), {t.experts});
      Node out = b.mixture(h, experts, mixture);
      if (shared_hidden) out = g.add(out, b.shared_expert(h, shared_hidden));
      x = g.add(x, out);
    }
    g.output(t.logits(x), "logits");
  }

 private:
  /// Of a head's key, `turned` columns turn with the position and `plain` do not; `latent` columns
  /// of a row are expanded to the latter and to the values.
  class Attention {
   public:
    explicit Attention(const Transformer& t)
        : t_(t), g_(t.g), per_head_(t.model.has("attention.key_length_mla")),
          latent_(t.model.count("attention.kv_lora_rank", Transformer::most_lanes)),
          query_latent_(t.model.count_or("attention.q_lora_rank", 0)),
          turned_(t.model.count("rope.dimension_count", Transformer::most_lanes)),
          key_(per_head_ ? t.model.count("attention.key_length_mla", Transformer::most_lanes)
                         : t.key_width),
          value_(per_head_ ? t.model.count("attention.value_length_mla", Transformer::most_lanes)
                           : t.value_width) {
      if (turned_ >= key_)
        throw Error(QUIPU_E_INVALID, t.model.full("rope.dimension_count") +
                                         ": expected less than the width of keys " +
                                         std::to_string(key_) + ", found " +
                                         std::to_string(turned_));
      plain_ = key_ - turned_;
      rope_queries_ = rope_of(t.model, QUIPU_ROPE_ADJACENT, t.heads, turned_);
      rope_key_ = rope_of(t.model, QUIPU_ROPE_ADJACENT, 1, turned_);
      scale_ = 1.0f / std::sqrt(static_cast<float>(key_));
      // Of a stretched context, scores grow here and not in the rotary embedding.
      if (t.model.has("rope.scaling.yarn_log_multiplier")) {
        const float growth = t.model.real("rope.scaling.yarn_log_multiplier");
        const float magnitude = 1 + growth * std::log(rope_key_.factor);
        scale_ *= magnitude * magnitude;
        rope_queries_.magnitude = rope_key_.magnitude = 1;
      }
    }

    Node operator()(const Transformer::Block& b, Node x) const {
      const Node q = queries(b, x);
      const Node q_plain = g_.split(q, t_.heads, 0, plain_);
      const Node q_turned = g_.rope(g_.split(q, t_.heads, plain_, turned_), rope_queries_);
      const Node row = b.linear(x, "attn_kv_a_mqa", latent_ + turned_, t_.width);
      const Node compressed =
          t_.norm(g_.split(row, 1, 0, latent_), b.name("attn_kv_a_norm"), latent_);
      const Node k_turned = g_.rope(g_.split(row, 1, latent_, turned_), rope_key_);
      const Node mixed = per_head_ ? compressed_heads(b, q_plain, q_turned, compressed, k_turned)
                                   : expanded_heads(b, q_plain, q_turned, compressed, k_turned);
      return b.linear(mixed, "attn_output", t_.width, std::uint64_t{t_.heads} * value_);
    }

   private:
    Node queries(const Transformer::Block& b, Node x) const {
      const std::uint64_t all = std::uint64_t{t_.heads} * key_;
      if (!query_latent_) return b.linear(x, "attn_q", all, t_.width);
      const Node row = b.linear(x, "attn_q_a", query_latent_, t_.width);
      return b.linear(t_.norm(row, b.name("attn_q_a_norm"), query_latent_), "attn_q_b", all,
                      query_latent_);
    }

    Node compressed_heads(const Transformer::Block& b, Node q_plain, Node q_turned, Node row,
                          Node k_turned) const {
      const Node keys = g_.weight(b.name("attn_k_b.weight"), {t_.heads, latent_, plain_});
      const Node values = g_.weight(b.name("attn_v_b.weight"), {t_.heads, value_, latent_});
      const Node q = g_.concat(g_.linear(q_plain, keys), q_turned, t_.heads);
      const Node mixed = g_.attention(q, g_.concat(row, k_turned), row,
                                      {.layer = b.index,
                                       .heads = t_.heads,
                                       .kv_heads = 1,
                                       .key_width = latent_ + turned_,
                                       .value_width = latent_,
                                       .causal = 1,
                                       .scale = scale_});
      return g_.linear(mixed, values);
    }

    Node expanded_heads(const Transformer::Block& b, Node q_plain, Node q_turned, Node row,
                        Node k_turned) const {
      const Node both =
          b.linear(row, "attn_kv_b", std::uint64_t{t_.heads} * (plain_ + value_), latent_);
      const Node k = g_.concat(g_.split(both, t_.heads, 0, plain_), k_turned, t_.heads, true);
      return g_.attention(g_.concat(q_plain, q_turned, t_.heads), k,
                          g_.split(both, t_.heads, plain_, value_),
                          {.layer = b.index,
                           .heads = t_.heads,
                           .kv_heads = t_.heads,
                           .key_width = key_,
                           .value_width = value_,
                           .causal = 1,
                           .scale = scale_});
    }

    const Transformer& t_;
    Graph& g_;
    bool per_head_;
    std::uint32_t latent_, query_latent_, turned_, key_, value_, plain_ = 0;
    quipu_rope rope_queries_{}, rope_key_{};
    float scale_ = 0;
  };
};

}  // namespace

QUIPU_ARCHITECTURE_PLUGIN(DeepSeek2, "0.1.0", "Apache-2.0", "deepseek2");
