// Every refusal of check_node, on hand-made nodes.
#include "graph/shapes.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>

using namespace quipu;

namespace {

// Weights have shapes here and no numbers; values come from embeddings.
struct Fixture {
  quipu_node weight(std::initializer_list<std::uint64_t> shape) {
    quipu_tensor tensor{.rank = static_cast<std::uint32_t>(shape.size()), .shape = {1, 1, 1, 1}};
    std::copy(shape.begin(), shape.end(), tensor.shape);
    return graph.add_weight(tensor, "w");
  }

  quipu_node value(std::uint32_t width, bool after_select = false) {
    return graph.add(QUIPU_OP_EMBED, {}, {}, width, after_select);
  }

  template <class Attributes>
  Shape check(std::uint32_t op, std::vector<quipu_node> inputs, const Attributes& attributes) {
    return check_node(graph, op, inputs, &attributes);
  }
  Shape check(std::uint32_t op, std::vector<quipu_node> inputs) {
    return check_node(graph, op, inputs, nullptr);
  }

  Graph graph;
};

const quipu_rope rope{.heads = 2,
                      .head_width = 8,
                      .rotary = 8,
                      .pairing = QUIPU_ROPE_HALVES,
                      .base = 10000,
                      .factor = 1,
                      .magnitude = 1};
const quipu_attention heads{.layer = 0,
                            .heads = 4,
                            .kv_heads = 2,
                            .key_width = 8,
                            .value_width = 6,
                            .causal = 1,
                            .scale = 0.3f};
const quipu_moe moe{.experts = 4, .used = 2, .scale = 1, .activation = QUIPU_ACT_SILU};

// A copy with one member changed.
template <class Attributes, class Member, class Value>
Attributes with(Attributes attributes, Member member, Value value) {
  attributes.*member = value;
  return attributes;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(shapes, Fixture)

BOOST_AUTO_TEST_CASE(an_embedding_is_as_wide_as_its_table) {
  const Shape shape = check(QUIPU_OP_EMBED, {weight({16, 100})}, quipu_embed{});

  BOOST_TEST(shape.problem == "");
  BOOST_TEST(shape.width == 16u);
}

BOOST_AUTO_TEST_CASE(an_embedding_wants_a_table) {
  BOOST_TEST(check(QUIPU_OP_EMBED, {value(16)}, quipu_embed{}).problem ==
             "input 0: expected a weight");
  BOOST_TEST(check(QUIPU_OP_EMBED, {weight({16, 100, 2})}, quipu_embed{}).problem ==
             "input 0: expected a weight [100, 16], found w [2, 100, 16]");
  BOOST_TEST(check(QUIPU_OP_EMBED, {weight({16, 100})}, quipu_embed{.index = 3}).problem ==
             "index: expected tokens, positions or token types");
}

BOOST_AUTO_TEST_CASE(linear_names_the_weight_that_does_not_fit) {
  const auto x = value(16);

  BOOST_TEST(check(QUIPU_OP_LINEAR, {x, weight({16, 24}), weight({24})}).width == 24u);
  BOOST_TEST(check(QUIPU_OP_LINEAR, {x, weight({17, 24})}).problem ==
             "input 1: expected a weight [24, 16], found w [24, 17]");
  BOOST_TEST(check(QUIPU_OP_LINEAR, {x, weight({16, 24}), weight({23})}).problem ==
             "input 2: expected a weight [24], found w [23]");
  BOOST_TEST(check(QUIPU_OP_LINEAR, {x, x}).problem == "input 1: expected a weight");
  BOOST_TEST(check(QUIPU_OP_LINEAR, {x}).problem == "input 1 is missing");
  BOOST_TEST(check(QUIPU_OP_LINEAR, {weight({16, 24}), weight({16, 24})}).problem ==
             "input 0: expected a value, found a weight or nothing");
  BOOST_TEST(check(QUIPU_OP_LINEAR, {x, weight({16, 1ull << 30})}).problem ==
             "expected a result of 1 to 2^30 - 1 columns, found 1073741824");
  BOOST_TEST(check(QUIPU_OP_LINEAR, {x, weight({16, 4}), 0, x}).problem ==
             "expected at most 3 inputs, found 4");
}

BOOST_AUTO_TEST_CASE(norm_wants_groups_that_divide_the_width) {
  const auto x = value(16);
  const quipu_norm norm{.kind = QUIPU_NORM_RMS, .epsilon = 1e-5f, .group = 8};

  BOOST_TEST(check(QUIPU_OP_NORM, {x, weight({8})}, norm).problem == "");
  BOOST_TEST(check(QUIPU_OP_NORM, {x, weight({16})}, norm).problem == "");
  BOOST_TEST(check(QUIPU_OP_NORM, {x, weight({4})}, norm).problem ==
             "input 1: expected a weight [16], found w [4]");
  BOOST_TEST(check(QUIPU_OP_NORM, {x}, with(norm, &quipu_norm::group, 7u)).problem ==
             "group: expected a divisor of the width 16, found 7");
  BOOST_TEST(check(QUIPU_OP_NORM, {x}, with(norm, &quipu_norm::epsilon, NAN)).problem ==
             "epsilon: expected a number, 0 or more");
  BOOST_TEST(check(QUIPU_OP_NORM, {x}, with(norm, &quipu_norm::kind, 2u)).problem ==
             "kind: expected rms or layer");
}

BOOST_AUTO_TEST_CASE(rope_wants_an_even_part_of_the_head) {
  const auto x = value(16);

  BOOST_TEST(check(QUIPU_OP_ROPE, {x, weight({4})}, rope).problem == "");
  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, with(rope, &quipu_rope::heads, 3u)).problem ==
             "expected heads * head_width = 16, found 3 * 8");
  for (const std::uint32_t rotary : {0u, 7u, 10u})
    BOOST_TEST(check(QUIPU_OP_ROPE, {x}, with(rope, &quipu_rope::rotary, rotary)).problem ==
               "rotary: expected an even number up to the head width, found " +
                   std::to_string(rotary));
  BOOST_TEST(check(QUIPU_OP_ROPE, {x, weight({8})}, rope).problem ==
             "input 1: expected a weight [4], found w [8]");
  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, with(rope, &quipu_rope::pairing, 2u)).problem ==
             "pairing or scaling: expected one of opset 1, found 2 and 0");
  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, with(rope, &quipu_rope::base, INFINITY)).problem ==
             "attributes: expected finite numbers");
  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, with(rope, &quipu_rope::factor, 0.0f)).problem ==
             "base and factor: expected positive numbers");
}

BOOST_AUTO_TEST_CASE(rope_scalings_want_what_they_use) {
  const auto x = value(16);
  auto yarn = with(rope, &quipu_rope::scaling, QUIPU_ROPE_SCALING_YARN);
  auto sections = rope;
  sections.sections[0] = 3;
  sections.sections[1] = 2;

  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, yarn).problem ==
             "yarn: expected base > 1, beta_fast and beta_slow > 0 and an original context");
  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, with(rope, &quipu_rope::scaling, QUIPU_ROPE_SCALING_LONG))
                 .problem == "long: expected short and long factors and an original context");
  BOOST_TEST(check(QUIPU_OP_ROPE, {x}, sections).problem ==
             "sections: expected at most 4 pairs, found 5");
}

BOOST_AUTO_TEST_CASE(attention_wants_its_widths) {
  const auto q = value(32), k = value(16), v = value(12), narrow = value(8);

  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k, v, weight({4})}, heads).problem == "");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k, v}, heads).width == 24u);
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {narrow, k, v}, heads).problem ==
             "q: expected heads * key_width columns, found 8");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, narrow, v}, heads).problem ==
             "k: expected kv_heads * key_width columns, found 8");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k, narrow}, heads).problem ==
             "v: expected kv_heads * value_width columns, found 8");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k}, heads).problem ==
             "expected both k and v, or neither");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k, v, weight({3})}, heads).problem ==
             "input 3: expected a weight [4], found w [3]");
}

BOOST_AUTO_TEST_CASE(attention_wants_sensible_attributes) {
  const auto q = value(32), k = value(16), v = value(12);
  const auto problem = [&](const quipu_attention& a) {
    return check(QUIPU_OP_ATTENTION, {q, k, v}, a).problem;
  };

  BOOST_TEST(problem(with(heads, &quipu_attention::kv_heads, 3u)) ==
             "expected kv_heads that divides heads, found 3 and 4");
  BOOST_TEST(problem(with(heads, &quipu_attention::kv_heads, 0u)) ==
             "expected kv_heads that divides heads, found 0 and 4");
  BOOST_TEST(problem(with(heads, &quipu_attention::value_width, 0u)) ==
             "expected heads with a width");
  BOOST_TEST(problem(with(heads, &quipu_attention::window_kind, 2u)) ==
             "window_kind: expected sliding or chunked, found 2");
  BOOST_TEST(problem(with(heads, &quipu_attention::scale, NAN)) ==
             "attributes: expected finite numbers");
  BOOST_TEST(problem(with(heads, &quipu_attention::softcap, -1.0f)) ==
             "softcap and alibi_max_bias: expected 0 or more");
  BOOST_TEST(problem(with(heads, &quipu_attention::causal, 2u)) ==
             "causal: expected 0 or 1, found 2");
}

BOOST_AUTO_TEST_CASE(keys_of_a_layer_are_written_once_and_read_in_their_shape) {
  const auto q = value(32), k = value(16), v = value(12);
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q}, heads).problem ==
             "layer 0: expected keys that an earlier node writes, found none");
  std::vector<std::byte> bytes(sizeof heads);
  std::memcpy(bytes.data(), &heads, sizeof heads);
  graph.add(QUIPU_OP_ATTENTION, {q, k, v}, bytes, 24, false);

  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q}, heads).problem == "");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k, v}, heads).problem ==
             "layer 0: expected one node that writes its keys, found a second");
  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q}, with(heads, &quipu_attention::kv_heads, 4u)).problem ==
             "layer 0: expected the key heads and widths of the node that writes its keys");
}

BOOST_AUTO_TEST_CASE(attention_is_for_every_token) {
  const auto q = value(32, true), k = value(16, true), v = value(12, true);

  BOOST_TEST(check(QUIPU_OP_ATTENTION, {q, k, v}, heads).problem ==
             "expected a value for every token");
}

BOOST_AUTO_TEST_CASE(activations_and_gates) {
  const auto x = value(16), narrow = value(8);

  BOOST_TEST(check(QUIPU_OP_ACTIVATION, {x}, quipu_activation{.kind = QUIPU_ACT_TANH}).width ==
             16u);
  BOOST_TEST(
      check(QUIPU_OP_ACTIVATION, {x}, quipu_activation{.kind = QUIPU_ACT_SWIGLU_CLAMPED}).problem ==
      "kind: expected an activation of one input");
  BOOST_TEST(check(QUIPU_OP_GLU, {x, narrow}, quipu_activation{}).problem ==
             "expected gate and up of one width, found 16 and 8");
  BOOST_TEST(check(QUIPU_OP_GLU, {x, x}, quipu_activation{.kind = 9}).problem ==
             "kind: expected an activation, found 9");
}

BOOST_AUTO_TEST_CASE(experts_want_their_shapes) {
  const auto x = value(16), router = weight({16, 4}), up = weight({16, 8, 4}),
             down = weight({8, 16, 4});
  const auto problem = [&](const quipu_moe& a) {
    return check(QUIPU_OP_MOE, {x, router, 0, 0, up, up, down}, a).problem;
  };

  BOOST_TEST(problem(moe) == "");
  BOOST_TEST(problem(with(moe, &quipu_moe::used, 5u)) == "expected 1 to 4 experts in use, found 5");
  BOOST_TEST(problem(with(moe, &quipu_moe::used, 0u)) == "expected 1 to 4 experts in use, found 0");
  BOOST_TEST(problem(with(moe, &quipu_moe::router, 3u)) ==
             "router or activation: expected one of opset 1, found 3 and 0");
  BOOST_TEST(problem(with(moe, &quipu_moe::groups, 3u)) ==
             "groups: expected a divisor of 4 experts, and groups in use that hold all experts in "
             "use, found 3 and 0");
  BOOST_TEST(check(QUIPU_OP_MOE, {x, router, 0, 0, up, up, weight({8, 16, 3})}, moe).problem ==
             "input 6: expected a weight [4, 16, 8], found w [3, 16, 8]");
  BOOST_TEST(check(QUIPU_OP_MOE, {x, router}, moe).problem == "expected up and down weights");
  BOOST_TEST(check(QUIPU_OP_MOE, {x, router, 0, 0, 0, up, down},
                   with(moe, &quipu_moe::activation, QUIPU_ACT_SWIGLU_CLAMPED))
                 .problem == "activation: expected one of one input, as there is no gate");
}

BOOST_AUTO_TEST_CASE(sums_take_equal_widths_columns_or_weights) {
  const auto x = value(16), column = value(1), narrow = value(8);

  BOOST_TEST(check(QUIPU_OP_ADD, {x, x}).problem == "");
  BOOST_TEST(check(QUIPU_OP_MUL, {x, column}).problem == "");
  BOOST_TEST(check(QUIPU_OP_ADD, {x, weight({16})}).problem == "");
  BOOST_TEST(check(QUIPU_OP_ADD, {x, narrow}).problem ==
             "expected operands of one width, found 16 and 8");
  BOOST_TEST(check(QUIPU_OP_MUL, {x, weight({8})}).problem ==
             "input 1: expected a weight [16], found w [8]");
}

BOOST_AUTO_TEST_CASE(scales_clamps_and_caps_want_numbers) {
  const auto x = value(16);
  const quipu_scale position{.kind = QUIPU_SCALE_POSITION, .factor = 0.1f, .period = 0};

  BOOST_TEST(check(QUIPU_OP_SCALE, {x}, quipu_scale{.factor = -2}).problem == "");
  BOOST_TEST(check(QUIPU_OP_SCALE, {x}, quipu_scale{.factor = NAN}).problem ==
             "attributes: expected finite numbers");
  BOOST_TEST(check(QUIPU_OP_SCALE, {x}, quipu_scale{.kind = 2}).problem ==
             "kind: expected constant or by position");
  BOOST_TEST(check(QUIPU_OP_SCALE, {x}, position).problem == "period: expected a positive number");
  BOOST_TEST(check(QUIPU_OP_SOFTCAP, {x}, quipu_scale{.factor = 0}).problem ==
             "cap: expected a positive number");
  BOOST_TEST(check(QUIPU_OP_CLAMP, {x}, quipu_clamp{.low = 1, .high = 0}).problem ==
             "expected low <= high");
  BOOST_TEST(check(QUIPU_OP_CLAMP, {x}, quipu_clamp{.low = NAN, .high = 0}).problem ==
             "expected low <= high");
}

BOOST_AUTO_TEST_CASE(columns_are_taken_and_joined_within_groups) {
  const auto x = value(16), y = value(6);

  BOOST_TEST(check(QUIPU_OP_SPLIT, {x}, quipu_split{.groups = 2, .first = 3, .count = 5}).width ==
             10u);
  BOOST_TEST(check(QUIPU_OP_SPLIT, {x}, quipu_split{.groups = 2, .first = 4, .count = 5}).problem ==
             "expected columns within a group of 8");
  BOOST_TEST(check(QUIPU_OP_SPLIT, {x}, quipu_split{.groups = 3, .first = 0, .count = 1}).problem ==
             "groups: expected a divisor of the width 16, found 3");
  BOOST_TEST(check(QUIPU_OP_CONCAT, {x, y}, quipu_concat{.groups = 2}).width == 22u);
  BOOST_TEST(check(QUIPU_OP_CONCAT, {x, y}, quipu_concat{.groups = 2, .shared = 1}).width == 28u);
  BOOST_TEST(check(QUIPU_OP_CONCAT, {x, y}, quipu_concat{.groups = 4}).problem ==
             "groups: expected a divisor of the widths 16 and 6, found 4");
}

BOOST_AUTO_TEST_CASE(rows_before_and_after_the_selection_do_not_mix) {
  const auto before = value(16), after = value(16, true);

  BOOST_TEST(check(QUIPU_OP_SELECT_OUTPUTS, {before}).after_select);
  BOOST_TEST(check(QUIPU_OP_SELECT_OUTPUTS, {after}).problem == "expected a value for every token");
  BOOST_TEST(check(QUIPU_OP_ADD, {before, after}).problem ==
             "inputs before and after select_outputs are mixed");
}

BOOST_AUTO_TEST_CASE(operations_outside_the_opset_are_refused) {
  BOOST_TEST(check(18, {value(16)}).problem == "expected an operation of opset 1, found 18");
  BOOST_TEST(check(QUIPU_OP_HOST, {value(16)}, quipu_host_op{.width = 4}).problem ==
             "expected a name and a function");
}

BOOST_AUTO_TEST_SUITE_END()
