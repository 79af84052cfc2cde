// What results between stages take, and how many tokens a plan runs at a time for it.
#include <boost/test/unit_test.hpp>

#include "quipu/registry.h"
#include "support/small_graph.h"

using namespace quipu;
using namespace quipu::test;

namespace {

constexpr std::uint32_t width = 512, hidden = 1024, heads = 8, vocabulary = 32;

Registry& registry() {
  static Registry instance;
  return instance;
}

/// Layers of a LLaMA whose heads all have keys and values of their own.
struct WideDecoder {
  SmallGraph graph{registry()};
  const quipu_graph& view;

  WideDecoder() : view(build()) {}

  quipu_plan_facts facts(std::uint64_t scratch_goal, std::uint32_t sequences = 1) const {
    RunningGraph run(registry().backend("cpu"), view, vocabulary,
                     {.context = 512,
                      .batch = 512,
                      .sequences = sequences,
                      .kv = QUIPU_KV_F16,
                      .scratch_goal = scratch_goal});
    quipu_plan_facts facts{};
    facts.size = sizeof facts;
    run.backend().facts(run.plan(), &facts);
    return facts;
  }

 private:
  const quipu_graph& build() {
    const quipu_node table = graph.q8_0_weight({width, vocabulary});
    quipu_node x = graph.embed(table, width);
    const auto norm = [&](quipu_node in) {
      return graph.op(QUIPU_OP_NORM, {in, graph.weight({width}, 0.1f, 1)}, width,
                      quipu_norm{.kind = QUIPU_NORM_RMS, .epsilon = 1e-5f});
    };
    const auto linear = [&](quipu_node in, std::uint32_t columns, std::uint32_t rows) {
      return graph.op(QUIPU_OP_LINEAR, {in, graph.q8_0_weight({columns, rows})}, rows);
    };
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      quipu_node h = norm(x);
      const auto mixed = graph.op(
          QUIPU_OP_ATTENTION,
          {linear(h, width, width), linear(h, width, width), linear(h, width, width)}, width,
          quipu_attention{.layer = layer,
                          .heads = heads,
                          .kv_heads = heads,
                          .key_width = width / heads,
                          .value_width = width / heads,
                          .causal = 1,
                          .scale = 0.125f});
      x = graph.op(QUIPU_OP_ADD, {x, linear(mixed, width, width)}, width);
      h = norm(x);
      const auto gated =
          graph.op(QUIPU_OP_GLU, {linear(h, width, hidden), linear(h, width, hidden)}, hidden,
                   quipu_activation{.kind = QUIPU_ACT_SILU});
      x = graph.op(QUIPU_OP_ADD, {x, linear(gated, hidden, width)}, width);
    }
    x = norm(graph.op(QUIPU_OP_SELECT_OUTPUTS, {x}, width));
    return graph.finish(graph.op(QUIPU_OP_LINEAR, {x, table}, vocabulary), vocabulary, false);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(results_of_a_token_take_14_bytes_for_each_column) {
  const WideDecoder decoder;

  const std::uint64_t bytes = decoder.facts(0).scratch_bytes;

  // While queries and keys are computed: they and what the layer adds to, floats, and the int8 form
  // of 1.875 bytes. What a thread has for itself does not grow with the width: 1 MiB.
  BOOST_TEST(bytes <= 512 * width * (3 * 4 + 1.875) + (1 << 20));
}

BOOST_AUTO_TEST_CASE(a_plan_runs_fewer_tokens_where_their_results_would_take_more_than_asked_for) {
  const WideDecoder decoder;
  const std::uint64_t all = decoder.facts(0).scratch_bytes;

  BOOST_TEST(decoder.facts(0).batch == 512u);
  BOOST_TEST(decoder.facts(all).batch == 512u);
  BOOST_TEST(decoder.facts(all * 2 / 3).batch == 256u);
  BOOST_TEST(decoder.facts(all * 2 / 3).scratch_bytes < all * 2 / 3);
}

BOOST_AUTO_TEST_CASE(a_plan_runs_128_tokens_and_one_of_each_sequence_whatever_that_takes) {
  const WideDecoder decoder;

  BOOST_TEST(decoder.facts(1).batch == 128u);
  BOOST_TEST(decoder.facts(1, 200).batch == 256u);
}
