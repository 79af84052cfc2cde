// The builder as a plugin sees it: through its table, over a file with a few tensors.
#include "graph/builder.h"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>

#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using namespace quipu;

namespace {

constexpr std::uint32_t gguf_i32 = 26, gguf_nobody = 1000;

struct Fixture {
  Fixture() {
    test::GgufWriter writer;
    writer.add("general.architecture", "test");
    writer.add_tensor("table", {4, 3}, std::vector<float>(12, 1.0f));
    writer.add_tensor("gain", {4}, std::vector<float>(4, 1.0f));
    writer.add_tensor("mask", {2, 2}, std::vector<float>(4, 1.0f));
    writer.add_tensor("counts", {4}, gguf_i32, std::string(16, '\0'));
    writer.add_tensor("strange", {4}, gguf_nobody, std::string(16, '\0'));
    writer.write(folder / "model.gguf");
    file = ModelFile::open(folder / "model.gguf", registry);
    builder.emplace(graph, *file, registry);
  }

  quipu_status ask(std::string_view name, std::vector<std::uint64_t> shape, quipu_node& node,
                   std::uint32_t flags = 0) {
    return builder->table().weight(builder->table().context, {name.data(), name.size()},
                                   shape.data(), static_cast<std::uint32_t>(shape.size()), flags,
                                   &node);
  }
  quipu_node weight(std::string_view name, std::vector<std::uint64_t> shape,
                    std::uint32_t flags = 0) {
    quipu_node node = 0;
    BOOST_TEST(ask(name, std::move(shape), node, flags) == QUIPU_OK);
    return node;
  }
  quipu_status add(std::uint32_t op, std::vector<quipu_node> inputs, const void* attributes,
                   quipu_node& node) {
    return builder->table().op(builder->table().context, op, inputs.data(),
                               static_cast<std::uint32_t>(inputs.size()), attributes, &node);
  }
  quipu_node op(std::uint32_t which, std::vector<quipu_node> inputs,
                const void* attributes = nullptr) {
    quipu_node node = 0;
    BOOST_TEST(add(which, std::move(inputs), attributes, node) == QUIPU_OK);
    return node;
  }
  void output(quipu_node node, std::string_view role) {
    BOOST_TEST(builder->table().output(builder->table().context, node,
                                       {role.data(), role.size()}) == QUIPU_OK);
  }
  quipu_node embedded() {
    const quipu_embed attributes{sizeof attributes, QUIPU_EMBED_TOKENS, 0};
    return op(QUIPU_OP_EMBED, {weight("table", {4, 3})}, &attributes);
  }
  std::vector<std::string> problems() const { return builder->problems(); }

  Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  test::TemporaryFolder folder;
  std::shared_ptr<const ModelFile> file;
  Graph graph;
  std::optional<Builder> builder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(building, Fixture)

BOOST_AUTO_TEST_CASE(a_graph_keeps_nodes_inputs_attributes_and_weights) {
  const quipu_node selected = op(QUIPU_OP_SELECT_OUTPUTS, {embedded()});
  output(selected, "logits");

  const quipu_graph& view = graph.view();

  BOOST_TEST(problems().empty());
  BOOST_REQUIRE_EQUAL(view.node_count, 3u);
  BOOST_TEST(view.nodes[0]->weight->row_bytes == 16u);
  BOOST_TEST(*static_cast<const float*>(view.nodes[0]->weight->data) == 1.0f);
  BOOST_TEST(view.nodes[1]->inputs[0] == 1u);
  BOOST_TEST(view.nodes[1]->width == 4u);
  BOOST_TEST(static_cast<const quipu_embed*>(view.nodes[1]->attributes)->size ==
             sizeof(quipu_embed));
  BOOST_TEST(view.nodes[2]->after_select == 1u);
  BOOST_TEST(view.outputs[0].node == 3u);
}

BOOST_AUTO_TEST_CASE(a_missing_tensor_is_named_with_its_shape) {
  const quipu_node node = weight("blk.0.attn_q.weight", {8, 4});

  BOOST_TEST(node != 0u);
  BOOST_TEST(problems() ==
             std::vector<std::string>{"blk.0.attn_q.weight: expected a tensor [4, 8], found none"});
}

BOOST_AUTO_TEST_CASE(shapes_are_printed_rows_first) {
  weight("table", {3, 4});

  BOOST_TEST(problems() == std::vector<std::string>{"table: expected [4, 3], found [3, 4]"});
}

BOOST_AUTO_TEST_CASE(building_goes_on_with_the_shape_that_was_meant) {
  const auto x = embedded();
  const auto y = op(QUIPU_OP_LINEAR, {x, weight("absent", {4, 6})});

  BOOST_TEST(graph.node(y).width == 6u);
  BOOST_TEST(problems().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_optional_weight_may_be_absent_but_not_misshapen) {
  BOOST_TEST(weight("absent", {4}, QUIPU_WEIGHT_OPTIONAL) == 0u);
  BOOST_TEST(problems().empty());

  weight("gain", {5}, QUIPU_WEIGHT_OPTIONAL);

  BOOST_TEST(problems() == std::vector<std::string>{"gain: expected [5], found [4]"});
}

BOOST_AUTO_TEST_CASE(a_weight_asked_for_twice_is_one_node_of_one_shape) {
  BOOST_TEST(weight("gain", {4}) == weight("gain", {4, 1}));
  weight("gain", {2, 2});

  BOOST_TEST(problems() ==
             std::vector<std::string>{
                 "gain: expected one shape wherever it is used, found [4] and [2, 2]"});
}

BOOST_AUTO_TEST_CASE(a_type_without_a_codec_is_a_missing_plugin) {
  weight("strange", {4});

  BOOST_TEST(problems().empty());
  BOOST_REQUIRE_EQUAL(builder->missing_plugins().size(), 1u);
  BOOST_TEST(
      builder->missing_plugins()[0].starts_with("strange: no codec for gguf:1000; searched"));
}

BOOST_AUTO_TEST_CASE(whole_numbers_are_no_weights) {
  weight("counts", {4});

  BOOST_TEST(problems() ==
             std::vector<std::string>{"counts: expected weights, found whole numbers (i32)"});
}

BOOST_AUTO_TEST_CASE(tensors_neither_asked_for_nor_ignored_are_unused) {
  weight("table", {4, 3});
  const std::string_view mask = "mask";
  builder->table().ignore(builder->table().context, {mask.data(), mask.size()});

  BOOST_TEST(builder->unused() == (std::vector<std::string>{"gain", "counts", "strange"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_problem_of_a_node_names_it) {
  const quipu_clamp wrong{sizeof wrong, 1, 0};

  op(QUIPU_OP_CLAMP, {embedded()}, &wrong);

  BOOST_TEST(problems() == std::vector<std::string>{"node 3 (clamp): expected low <= high"});
}

BOOST_AUTO_TEST_CASE(a_shorter_struct_of_an_older_plugin_is_filled_with_zeros) {
  struct {
    quipu_norm norm;
  } old{{offsetof(quipu_norm, group), QUIPU_NORM_RMS, 1e-5f, 12345}};

  const auto node = op(QUIPU_OP_NORM, {embedded()}, &old);

  const auto& kept = *static_cast<const quipu_norm*>(graph.node(node).attributes);
  BOOST_TEST(kept.epsilon == 1e-5f);
  BOOST_TEST(kept.group == 0u);
  BOOST_TEST(kept.size == sizeof kept);
  BOOST_TEST(problems().empty());
}

BOOST_AUTO_TEST_CASE(inputs_must_exist_already) {
  quipu_node node = 0;

  BOOST_TEST(add(QUIPU_OP_ADD, {7, 1}, nullptr, node) == QUIPU_E_ARGUMENT);
  BOOST_TEST(problems() ==
             std::vector<std::string>{
                 "node 1 (add): expected inputs that were built before, found node 7"});
}

BOOST_AUTO_TEST_CASE(attributes_must_be_there) {
  quipu_node node = 0;

  BOOST_TEST(add(QUIPU_OP_NORM, {embedded()}, nullptr, node) == QUIPU_E_ARGUMENT);
  BOOST_TEST(problems() ==
             std::vector<std::string>{"node 3 (norm): expected attributes, found none"});
}

BOOST_AUTO_TEST_CASE(outputs_have_a_role_each_and_come_after_the_selection) {
  const auto x = embedded();
  const auto selected = op(QUIPU_OP_SELECT_OUTPUTS, {x});
  output(x, "logits");
  output(1, "logits");
  output(99, "logits");
  output(selected, "scores");
  output(selected, "logits");
  output(selected, "logits");

  BOOST_TEST(problems() ==
                 (std::vector<std::string>{"output logits: expected a value after select_outputs",
                                           "output logits: expected a value of the graph",
                                           "output logits: expected a value of the graph",
                                           "output scores: expected logits or embeddings",
                                           "output logits: expected one, found a second"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(after_a_thousand_problems_calls_fail) {
  quipu_node node = 0;
  int calls = 0;
  while (ask("absent." + std::to_string(calls), {4}, node) == QUIPU_OK && calls < 5000) ++calls;

  BOOST_TEST(calls == 1000);
  BOOST_TEST(problems().size() == 1001u);
  BOOST_TEST(problems().back() == "more than 1000 problems: the others are not listed");
}

BOOST_AUTO_TEST_CASE(a_graph_of_a_million_nodes_is_refused) {
  const auto x = embedded();
  quipu_node node = x;
  quipu_status status = QUIPU_OK;
  while (status == QUIPU_OK && graph.size() < 1'100'000)
    status = add(QUIPU_OP_ADD, {x, x}, nullptr, node);

  BOOST_TEST(status == QUIPU_E_INVALID);
  BOOST_TEST(graph.size() == 1'000'000u);
  BOOST_TEST(problems() == std::vector<std::string>{
                               "node 1000001 (add): expected a graph of at most 1000000 nodes"});
}

BOOST_AUTO_TEST_SUITE_END()
