// Every operation of opset 1 on the cpu backend against the reference backend.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

#include "quipu/isa.h"
#include "support/small_graph.h"

using namespace quipu;
using namespace quipu::test;

namespace {

constexpr std::uint32_t width = 64;
constexpr std::uint32_t rows = 31;

Registry& registry() {
  static Registry instance;
  return instance;
}

/// Gives an operation its input x [tokens, width] and returns the node and width of its result.
using Build = std::function<std::pair<quipu_node, std::uint32_t>(SmallGraph&, quipu_node x)>;

/// Float weights and values of about 1: what differs between the backends is the order of sums and
/// a few roundings.
constexpr double tolerance = 2e-5;

void compare(const Build& build, double allowed = tolerance, RunOptions options = {}) {
  SmallGraph graph(registry());
  const quipu_node x = graph.embed(graph.weight({width, rows}, 1), width);
  const auto [node, result_width] = build(graph, x);
  const quipu_graph& view = graph.finish(node, result_width);
  auto tokens = some_tokens(20);
  for (std::size_t i = 0; i < tokens.size(); i += 3) tokens[i].wanted = false;
  const auto more = some_tokens(1, 20);
  RunningGraph reference(registry().backend("reference"), view, result_width, options);
  const auto expected = reference.run(tokens), expected_more = reference.run(more);

  for (const std::uint32_t isa : processor_isas())
    for (const std::uint32_t threads : {1u, 3u}) {
      options.isa = isa;
      options.threads = threads;
      RunningGraph cpu(registry().backend("cpu"), view, result_width, options);
      const auto found = cpu.run(tokens), found_more = cpu.run(more);

      const auto worst = [](const std::vector<float>& a, const std::vector<float>& b) {
        double difference = 0, size = 1;
        for (std::size_t i = 0; i < a.size(); ++i) {
          difference = std::max(difference, std::abs(double(a[i]) - b[i]));
          size = std::max(size, std::abs(double(b[i])));
        }
        return difference / size;
      };
      BOOST_TEST_CONTEXT("isa " << isa << ", " << threads << " threads") {
        BOOST_TEST(worst(found, expected) <= allowed);
        BOOST_TEST(worst(found_more, expected_more) <= allowed);
      }
    }
}

quipu_node linear(SmallGraph& g, quipu_node x, std::uint32_t in, std::uint32_t out) {
  return g.op(QUIPU_OP_LINEAR, {x, g.weight({in, out}, 0.1f)}, out);
}

}  // namespace

BOOST_AUTO_TEST_CASE(embeddings_by_token_position_and_type) {
  compare([](SmallGraph&, quipu_node x) { return std::pair(x, width); });
  compare([](SmallGraph& g, quipu_node x) {
    const auto position = g.embed(g.weight({width, 64}), width, QUIPU_EMBED_POSITIONS);
    const auto type = g.embed(g.weight({width, 2}), width, QUIPU_EMBED_TOKEN_TYPES);
    return std::pair(g.op(QUIPU_OP_ADD, {x, g.op(QUIPU_OP_ADD, {position, type}, width)}, width),
                     width);
  });
}

BOOST_AUTO_TEST_CASE(linear_with_and_without_bias) {
  compare([](SmallGraph& g, quipu_node x) { return std::pair(linear(g, x, width, 100), 100u); });
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(g.op(QUIPU_OP_LINEAR, {x, g.weight({width, 37}, 0.1f), g.weight({37})}, 37),
                     37u);
  });
}

BOOST_AUTO_TEST_CASE(linear_of_quantised_weights) {
  // int8 activations: half a step of 1/127 of the largest of 32, averaged over the sum.
  compare(
      [](SmallGraph& g, quipu_node x) {
        return std::pair(g.op(QUIPU_OP_LINEAR, {x, g.q8_0_weight({width, 96})}, 96), 96u);
      },
      0.02);
}

BOOST_AUTO_TEST_CASE(sums_and_products_of_every_shape) {
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(g.op(QUIPU_OP_ADD, {x, linear(g, x, width, width)}, width), width);
  });
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(g.op(QUIPU_OP_ADD, {linear(g, x, width, width), x}, width), width);
  });
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(
        g.op(QUIPU_OP_ADD, {linear(g, x, width, width), linear(g, x, width, width)}, width), width);
  });
  for (const std::uint32_t op : {QUIPU_OP_ADD, QUIPU_OP_MUL}) {
    compare([&](SmallGraph& g, quipu_node x) {
      return std::pair(g.op(op, {x, linear(g, x, width, 1)}, width), width);
    });
    compare([&](SmallGraph& g, quipu_node x) {
      return std::pair(g.op(op, {x, g.weight({width})}, width), width);
    });
    compare([&](SmallGraph& g, quipu_node x) { return std::pair(g.op(op, {x, x}, width), width); });
  }
}

BOOST_AUTO_TEST_CASE(norms_of_rows_and_groups) {
  for (const std::uint32_t kind : {QUIPU_NORM_RMS, QUIPU_NORM_LAYER})
    for (const std::uint32_t group : {0u, 16u})
      for (const std::uint32_t gains : {0u, 16u, width}) {
        if (gains == 16 && group == 0) continue;
        compare([&](SmallGraph& g, quipu_node x) {
          std::vector<quipu_node> inputs{x};
          if (gains) inputs.push_back(g.weight({gains}, 0.2f, 1));
          if (gains && kind == QUIPU_NORM_LAYER) inputs.push_back(g.weight({gains}));
          return std::pair(g.op(QUIPU_OP_NORM, inputs, width,
                                quipu_norm{.kind = kind, .epsilon = 1e-5f, .group = group}),
                           width);
        });
      }
}

BOOST_AUTO_TEST_CASE(rotary_embeddings_of_every_kind) {
  for (const std::uint32_t pairing : {QUIPU_ROPE_ADJACENT, QUIPU_ROPE_HALVES})
    for (const std::uint32_t scaling : {QUIPU_ROPE_SCALING_NONE, QUIPU_ROPE_SCALING_LINEAR,
                                        QUIPU_ROPE_SCALING_YARN, QUIPU_ROPE_SCALING_LONG})
      for (const std::uint32_t rotary : {8u, 16u})
        compare([&](SmallGraph& g, quipu_node x) {
          std::vector<quipu_node> inputs{x};
          if (scaling == QUIPU_ROPE_SCALING_LONG) {
            inputs.push_back(g.weight({rotary / 2}, 0.1f, 2));
            inputs.push_back(g.weight({rotary / 2}, 0.1f, 4));
          }
          return std::pair(g.op(QUIPU_OP_ROPE, inputs, width,
                                quipu_rope{.heads = 4,
                                           .head_width = 16,
                                           .rotary = rotary,
                                           .pairing = pairing,
                                           .scaling = scaling,
                                           .base = 10000,
                                           .factor = 4,
                                           .magnitude = 1.1f,
                                           .extrapolation = 1,
                                           .beta_fast = 32,
                                           .beta_slow = 1,
                                           .original_context = 32}),
                           width);
        });
}

BOOST_AUTO_TEST_CASE(activations_and_gated_units) {
  for (std::uint32_t kind = QUIPU_ACT_SILU; kind <= QUIPU_ACT_SWIGLU_CLAMPED; ++kind) {
    const quipu_activation activation{.kind = kind, .alpha = 1.702f, .limit = 1};
    if (kind != QUIPU_ACT_SWIGLU_CLAMPED)
      compare([&](SmallGraph& g, quipu_node x) {
        return std::pair(g.op(QUIPU_OP_ACTIVATION, {x}, width, activation), width);
      });
    compare([&](SmallGraph& g, quipu_node x) {
      return std::pair(g.op(QUIPU_OP_GLU, {x, linear(g, x, width, width)}, width, activation),
                       width);
    });
    // Both from one input, and on into another product: the fused form.
    compare([&](SmallGraph& g, quipu_node x) {
      const auto gated =
          g.op(QUIPU_OP_GLU, {linear(g, x, width, 96), linear(g, x, width, 96)}, 96, activation);
      return std::pair(linear(g, gated, 96, width), width);
    });
  }
}

BOOST_AUTO_TEST_CASE(scales_clamps_and_soft_caps) {
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(
        g.op(QUIPU_OP_SCALE, {x}, width, quipu_scale{.kind = QUIPU_SCALE_CONSTANT, .factor = 3}),
        width);
  });
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(g.op(QUIPU_OP_SCALE, {x}, width,
                          quipu_scale{.kind = QUIPU_SCALE_POSITION, .factor = 0.1f, .period = 4}),
                     width);
  });
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(g.op(QUIPU_OP_CLAMP, {x}, width, quipu_clamp{.low = -0.5f, .high = 1}), width);
  });
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(g.op(QUIPU_OP_SOFTCAP, {x}, width, quipu_scale{.factor = 2}), width);
  });
}

BOOST_AUTO_TEST_CASE(columns_split_and_joined) {
  compare([](SmallGraph& g, quipu_node x) {
    return std::pair(
        g.op(QUIPU_OP_SPLIT, {x}, 20, quipu_split{.groups = 4, .first = 3, .count = 5}), 20u);
  });
  compare([](SmallGraph& g, quipu_node x) {
    const auto b = linear(g, x, width, 8);
    return std::pair(g.op(QUIPU_OP_CONCAT, {x, b}, width + 8, quipu_concat{.groups = 4}),
                     width + 8);
  });
  compare([](SmallGraph& g, quipu_node x) {
    const auto b = linear(g, x, width, 8);
    return std::pair(
        g.op(QUIPU_OP_CONCAT, {x, b}, width + 32, quipu_concat{.groups = 4, .shared = 1}),
        width + 32);
  });
}

BOOST_AUTO_TEST_CASE(host_functions_see_matrices_and_float_weights) {
  compare([](SmallGraph& g, quipu_node x) {
    const quipu_host_op op{
        .width = width,
        .name = "x times weight",
        .run =
            [](const void*, const float* const* inputs, std::uint64_t count, float* out) noexcept {
              for (std::uint64_t i = 0; i < count * width; ++i)
                out[i] = inputs[0][i] * inputs[1][i % width];
            },
        .state = nullptr};
    return std::pair(g.op(QUIPU_OP_HOST, {x, g.weight({width})}, width, op), width);
  });
}

BOOST_AUTO_TEST_CASE(attention_of_many_shapes) {
  struct Shape {
    std::uint32_t heads, kv_heads, causal, window, kind;
    float softcap, alibi;
    bool sinks;
  };
  for (const Shape& s : {Shape{4, 4, 1, 0, 0, 0, 0, false}, Shape{4, 2, 1, 0, 0, 0, 0, false},
                         Shape{4, 1, 1, 5, QUIPU_WINDOW_SLIDING, 0, 0, false},
                         Shape{4, 2, 1, 8, QUIPU_WINDOW_CHUNKED, 0, 0, false},
                         Shape{4, 2, 1, 0, 0, 2, 0, true}, Shape{4, 4, 1, 0, 0, 0, 8, false}})
    compare([&](SmallGraph& g, quipu_node x) {
      std::vector<quipu_node> inputs{linear(g, x, width, s.heads * 16),
                                     linear(g, x, width, s.kv_heads * 16),
                                     linear(g, x, width, s.kv_heads * 24)};
      if (s.sinks) inputs.push_back(g.weight({s.heads}));
      return std::pair(g.op(QUIPU_OP_ATTENTION, inputs, s.heads * 24,
                            quipu_attention{.layer = 3,
                                            .heads = s.heads,
                                            .kv_heads = s.kv_heads,
                                            .key_width = 16,
                                            .value_width = 24,
                                            .causal = s.causal,
                                            .window = s.window,
                                            .window_kind = s.kind,
                                            .scale = 0.25f,
                                            .softcap = s.softcap,
                                            .alibi_max_bias = s.alibi}),
                       s.heads * 24);
    });
}

BOOST_AUTO_TEST_CASE(a_second_attention_reads_the_cache_of_the_first) {
  compare([](SmallGraph& g, quipu_node x) {
    const quipu_attention attention{.layer = 0,
                                    .heads = 2,
                                    .kv_heads = 2,
                                    .key_width = 16,
                                    .value_width = 16,
                                    .causal = 1,
                                    .scale = 0.25f};
    const auto first = g.op(
        QUIPU_OP_ATTENTION,
        {linear(g, x, width, 32), linear(g, x, width, 32), linear(g, x, width, 32)}, 32, attention);
    return std::pair(g.op(QUIPU_OP_ATTENTION, {linear(g, first, 32, 32), 0, 0}, 32, attention),
                     32u);
  });
}

BOOST_AUTO_TEST_CASE(experts_of_every_router) {
  for (const std::uint32_t router :
       {QUIPU_ROUTER_SOFTMAX, QUIPU_ROUTER_SIGMOID, QUIPU_ROUTER_SOFTMAX_TOP})
    for (const bool rich : {false, true})
      compare([&](SmallGraph& g, quipu_node x) {
        constexpr std::uint32_t experts = 8, hidden = 48;
        const auto optional = [&](std::vector<std::uint64_t> shape) {
          return rich ? g.weight(shape) : 0;
        };
        const std::vector<quipu_node> inputs{x,
                                             g.weight({width, experts}),
                                             optional({experts}),
                                             optional({experts}),
                                             rich ? 0 : g.weight({width, hidden, experts}, 0.1f),
                                             g.weight({width, hidden, experts}, 0.1f),
                                             g.weight({hidden, width, experts}, 0.1f),
                                             0,
                                             optional({hidden, experts}),
                                             optional({width, experts}),
                                             optional({experts}),
                                             rich ? linear(g, x, width, width) : 0};
        return std::pair(g.op(QUIPU_OP_MOE, inputs, width,
                              quipu_moe{.experts = experts,
                                        .used = 3,
                                        .router = router,
                                        .renormalise = rich ? 0u : 1u,
                                        .weight_input = 0,
                                        .groups = rich ? 4u : 0u,
                                        .groups_used = rich ? 2u : 0u,
                                        .scale = 1.5f,
                                        .activation = QUIPU_ACT_SILU}),
                         width);
      });
}

BOOST_AUTO_TEST_CASE(experts_whose_input_is_weighted) {
  compare([&](SmallGraph& g, quipu_node x) {
    constexpr std::uint32_t experts = 4, hidden = 32;
    const std::vector<quipu_node> inputs{x,
                                         g.weight({width, experts}),
                                         0,
                                         0,
                                         g.weight({width, hidden, experts}, 0.1f),
                                         g.weight({width, hidden, experts}, 0.1f),
                                         g.weight({hidden, width, experts}, 0.1f),
                                         g.weight({hidden, experts}),
                                         0,
                                         0,
                                         0,
                                         0};
    return std::pair(g.op(QUIPU_OP_MOE, inputs, width,
                          quipu_moe{.experts = experts,
                                    .used = 2,
                                    .router = QUIPU_ROUTER_SIGMOID,
                                    .weight_input = 1,
                                    .scale = 1,
                                    .activation = QUIPU_ACT_SILU}),
                     width);
  });
}
