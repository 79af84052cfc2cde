// A small decoder with quantised weights, for the tests of a plan.
#pragma once

#include <cstdint>
#include <string_view>

#include "quipu/registry.h"
#include "support/small_graph.h"

namespace quipu::test {

constexpr std::uint32_t width = 64, vocabulary = 96, hidden = 160, heads = 4, kv_heads = 2;

inline Registry& registry() {
  static Registry instance;
  return instance;
}

/// Two layers of a LLaMA with q8_0 matrices, the second with experts.
inline const quipu_graph& decoder(SmallGraph& g) {
  const quipu_node table = g.q8_0_weight({width, vocabulary});
  quipu_node x = g.embed(table, width);
  const auto norm = [&](quipu_node in) {
    return g.op(QUIPU_OP_NORM, {in, g.weight({width}, 0.1f, 1)}, width,
                quipu_norm{.kind = QUIPU_NORM_RMS, .epsilon = 1e-5f});
  };
  const auto linear = [&](quipu_node in, std::uint32_t columns, std::uint32_t rows) {
    return g.op(QUIPU_OP_LINEAR, {in, g.q8_0_weight({columns, rows})}, rows);
  };
  const auto rope = [&](quipu_node in, std::uint32_t count) {
    return g.op(QUIPU_OP_ROPE, {in}, count * 16,
                quipu_rope{.heads = count,
                           .head_width = 16,
                           .rotary = 16,
                           .base = 10000,
                           .factor = 1,
                           .magnitude = 1});
  };
  for (std::uint32_t layer = 0; layer < 2; ++layer) {
    quipu_node h = norm(x);
    const auto mixed =
        g.op(QUIPU_OP_ATTENTION,
             {rope(linear(h, width, heads * 16), heads),
              rope(linear(h, width, kv_heads * 16), kv_heads), linear(h, width, kv_heads * 16)},
             heads * 16,
             quipu_attention{.layer = layer,
                             .heads = heads,
                             .kv_heads = kv_heads,
                             .key_width = 16,
                             .value_width = 16,
                             .causal = 1,
                             .scale = 0.25f});
    x = g.op(QUIPU_OP_ADD, {x, linear(mixed, heads * 16, width)}, width);
    h = norm(x);
    quipu_node change = 0;
    if (layer == 0) {
      const auto gated = g.op(QUIPU_OP_GLU, {linear(h, width, hidden), linear(h, width, hidden)},
                              hidden, quipu_activation{.kind = QUIPU_ACT_SILU});
      change = linear(gated, hidden, width);
    } else {
      change = g.op(
          QUIPU_OP_MOE,
          {h, g.weight({width, 4}), 0, 0, g.q8_0_weight({width, hidden, 4}),
           g.q8_0_weight({width, hidden, 4}), g.q8_0_weight({hidden, width, 4}), 0, 0, 0, 0, 0},
          width,
          quipu_moe{
              .experts = 4, .used = 2, .renormalise = 1, .scale = 1, .activation = QUIPU_ACT_SILU});
    }
    x = g.op(QUIPU_OP_ADD, {x, change}, width);
  }
  x = norm(g.op(QUIPU_OP_SELECT_OUTPUTS, {x}, width));
  return g.finish(g.op(QUIPU_OP_LINEAR, {x, table}, vocabulary), vocabulary, false);
}

struct Decoder {
  SmallGraph graph{registry()};
  const quipu_graph& view = decoder(graph);
  RunningGraph on(std::string_view backend, const RunOptions& options = {}) const {
    return RunningGraph(registry().backend(backend), view, vocabulary, options);
  }
};

}  // namespace quipu::test
