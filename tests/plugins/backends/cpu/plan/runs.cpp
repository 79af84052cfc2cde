// Runs of a small decoder with quantised weights: threads, batches, wanted rows, failures.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <set>

#include "plugins/backends/cpu/plan/decoder.h"
#include "quipu/error.h"

using namespace quipu;
using namespace quipu::test;

namespace {

std::vector<float> row(const std::vector<float>& rows, std::size_t index) {
  return {rows.begin() + static_cast<std::ptrdiff_t>(index * vocabulary),
          rows.begin() + static_cast<std::ptrdiff_t>((index + 1) * vocabulary)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(logits_are_those_of_the_reference_backend) {
  const Decoder decoder;
  const auto tokens = some_tokens(40);
  auto reference = decoder.on("reference");
  auto cpu = decoder.on("cpu", {.threads = 2});

  const auto expected = reference.run(tokens), found = cpu.run(tokens);

  // int8 activations change each product by about half a percent, nine products on the way 1.6; a
  // near tie between experts shows more.
  double error = 0, size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    error += std::pow(found[i] - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  BOOST_TEST(std::sqrt(error / size) < 0.05);
}

BOOST_DATA_TEST_CASE(any_number_of_threads_gives_the_same_bytes,
                     boost::unit_test::data::make({0u, 1u, 2u, 3u}), flags) {
  const Decoder decoder;
  const auto prompt = some_tokens(40), next = some_tokens(1, 40);
  auto one = decoder.on("cpu", {.threads = 1, .flags = flags});
  const auto expected = one.run(prompt), expected_next = one.run(next);

  for (const std::uint32_t threads : {2u, 3u, 4u}) {
    auto many = decoder.on("cpu", {.threads = threads, .flags = flags});
    BOOST_TEST((many.run(prompt) == expected));
    BOOST_TEST((many.run(next) == expected_next));
  }
}

BOOST_AUTO_TEST_CASE(deterministic_runs_do_not_depend_on_the_company_in_the_batch) {
  const Decoder decoder;
  const RunOptions options{.threads = 2, .flags = QUIPU_PLAN_DETERMINISTIC};
  std::vector<BatchToken> all;
  for (std::uint32_t sequence = 0; sequence < 8; ++sequence) {
    const auto tokens = some_tokens(5 + sequence % 3, 0, sequence);
    all.insert(all.end(), tokens.begin(), tokens.end());
  }
  auto together = decoder.on("cpu", options);
  const auto rows = together.run(all);

  std::size_t first = 0;
  for (std::uint32_t sequence = 0; sequence < 8; ++sequence) {
    const std::uint32_t count = 5 + sequence % 3;
    auto alone = decoder.on("cpu", options);
    const auto expected = alone.run(some_tokens(count, 0, sequence));
    for (std::uint32_t i = 0; i < count; ++i)
      BOOST_TEST((row(rows, first + i) == row(expected, i)));
    first += count;
  }
}

BOOST_AUTO_TEST_CASE(deterministic_prefill_and_single_steps_give_the_same_bytes) {
  const Decoder decoder;
  const RunOptions options{.threads = 2, .flags = QUIPU_PLAN_DETERMINISTIC};
  const auto tokens = some_tokens(40);
  auto at_once = decoder.on("cpu", options), stepwise = decoder.on("cpu", options);

  const auto rows = at_once.run(tokens);

  for (std::size_t i = 0; i < tokens.size(); ++i)
    BOOST_TEST((stepwise.run(std::span(tokens).subspan(i, 1)) == row(rows, i)));
}

BOOST_AUTO_TEST_CASE(repacked_weights_give_the_bytes_of_deterministic_runs) {
  const Decoder decoder;
  const auto tokens = some_tokens(40), next = some_tokens(1, 40);
  auto native = decoder.on("cpu", {.flags = QUIPU_PLAN_DETERMINISTIC});
  auto repacked =
      decoder.on("cpu", {.threads = 2, .flags = QUIPU_PLAN_DETERMINISTIC | QUIPU_PLAN_REPACK});

  BOOST_TEST((repacked.run(tokens) == native.run(tokens)));
  BOOST_TEST((repacked.run(next) == native.run(next)));
}

BOOST_AUTO_TEST_CASE(repacking_tells_of_every_weight_that_it_copied_and_counts_the_bytes) {
  const Decoder decoder;
  std::set<const quipu_tensor*> told;
  const auto tell = [](void* context, const quipu_tensor* weight) noexcept {
    static_cast<std::set<const quipu_tensor*>*>(context)->insert(weight);
  };
  auto repacked =
      decoder.on("cpu", {.flags = QUIPU_PLAN_REPACK, .copied = tell, .copied_context = &told});

  std::set<const quipu_tensor*> multiplied;
  for (std::uint32_t i = 0; i < decoder.view.node_count; ++i) {
    const quipu_graph_node& node = *decoder.view.nodes[i];
    const auto add = [&](std::uint32_t input) {
      multiplied.insert(decoder.view.nodes[node.inputs[input] - 1]->weight);
    };
    if (node.op == QUIPU_OP_LINEAR || node.op == QUIPU_OP_MOE) add(1);
    if (node.op == QUIPU_OP_MOE)
      for (const std::uint32_t input : {4u, 5u, 6u}) add(input);
  }
  for (const quipu_tensor* tensor : told) BOOST_TEST(multiplied.count(tensor) == 1u);
  for (const quipu_tensor* tensor : multiplied)
    BOOST_TEST((told.count(tensor) == 1u) == (tensor->codec->group != 0));
  quipu_plan_facts facts{};
  facts.size = sizeof facts;
  repacked.backend().facts(repacked.plan(), &facts);
  BOOST_TEST(facts.copy_bytes > 0u);
}

BOOST_AUTO_TEST_CASE(wanted_rows_are_the_rows_of_a_run_that_wants_all) {
  const Decoder decoder;
  const RunOptions options{.flags = QUIPU_PLAN_DETERMINISTIC};
  auto tokens = some_tokens(30);
  auto all = decoder.on("cpu", options);
  const auto expected = all.run(tokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i].wanted = i == 3 || i == 17 || i == 29;
  auto some = decoder.on("cpu", options);

  const auto found = some.run(tokens);

  BOOST_TEST(found.size() == 3u * vocabulary);
  BOOST_TEST((row(found, 0) == row(expected, 3)));
  BOOST_TEST((row(found, 1) == row(expected, 17)));
  BOOST_TEST((row(found, 2) == row(expected, 29)));
}

BOOST_AUTO_TEST_CASE(a_run_that_wants_nothing_still_fills_the_cache) {
  const Decoder decoder;
  const RunOptions options{.flags = QUIPU_PLAN_DETERMINISTIC};
  auto tokens = some_tokens(20);
  const auto last = some_tokens(1, 20);
  auto wanting = decoder.on("cpu", options), silent = decoder.on("cpu", options);
  wanting.run(tokens);
  for (auto& token : tokens) token.wanted = false;

  BOOST_TEST(silent.run(tokens).empty());

  BOOST_TEST((silent.run(last) == wanting.run(last)));
}

BOOST_AUTO_TEST_CASE(a_refused_batch_leaves_the_cache_as_it_was) {
  const Decoder decoder;
  const auto prompt = some_tokens(10), next = some_tokens(1, 10);
  auto undisturbed = decoder.on("cpu"), disturbed = decoder.on("cpu", {.cells = 128});
  undisturbed.run(prompt);
  disturbed.run(prompt);
  const auto free_cells = disturbed.backend().kv_free_cells(disturbed.plan());

  const BatchToken unknown_token[] = {{vocabulary, 10}}, unknown_sequence[] = {{1, 10, 8}},
                   known_position[] = {{1, 9}};
  BOOST_CHECK_THROW(disturbed.run(unknown_token), Error);
  BOOST_CHECK_THROW(disturbed.run(unknown_sequence), Error);
  BOOST_CHECK_THROW(disturbed.run(known_position), Error);
  BOOST_CHECK_THROW(disturbed.run(some_tokens(65, 10)), Error);

  BOOST_TEST(disturbed.backend().kv_free_cells(disturbed.plan()) == free_cells);
  BOOST_TEST((disturbed.run(next) == undisturbed.run(next)));
}

BOOST_AUTO_TEST_CASE(outputs_may_lie_apart) {
  const Decoder decoder;
  auto packed = decoder.on("cpu"), apart = decoder.on("cpu");
  const auto expected = packed.run(some_tokens(2));
  const std::int32_t tokens[] = {0, 7}, positions[] = {0, 1};
  const std::uint32_t sequences[] = {0, 0};
  const std::uint8_t wanted[] = {1, 1};
  const quipu_batch batch{sizeof batch, 2, tokens, nullptr, positions, sequences, wanted};
  std::vector<float> values(2 * (vocabulary + 5), -1);
  const quipu_output output{sizeof output, 2, values.data(), vocabulary + 5};

  Registry::check(apart.backend().run(apart.plan(), &batch, {"logits", 6}, &output), "run");

  for (std::size_t i = 0; i < vocabulary; ++i) {
    BOOST_TEST(values[i] == expected[i]);
    BOOST_TEST(values[vocabulary + 5 + i] == expected[vocabulary + i]);
  }
  for (std::size_t i = vocabulary; i < vocabulary + 5; ++i) BOOST_TEST(values[i] == -1);
}

BOOST_AUTO_TEST_CASE(embeddings_replace_the_table) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu"), reference = decoder.on("reference");
  std::vector<float> embeddings(3 * width);
  for (std::size_t i = 0; i < embeddings.size(); ++i)
    embeddings[i] = std::sin(static_cast<float>(i));
  const std::int32_t positions[] = {0, 1, 2};
  const std::uint32_t sequences[] = {0, 0, 0};
  const std::uint8_t wanted[] = {0, 0, 1};
  const quipu_batch batch{sizeof batch, 3,         nullptr, embeddings.data(),
                          positions,    sequences, wanted};
  std::vector<float> found(vocabulary), expected(vocabulary);
  const quipu_output output{sizeof output, 1, found.data(), vocabulary};
  const quipu_output expected_output{sizeof output, 1, expected.data(), vocabulary};

  Registry::check(cpu.backend().run(cpu.plan(), &batch, {"logits", 6}, &output), "run");
  Registry::check(
      reference.backend().run(reference.plan(), &batch, {"logits", 6}, &expected_output), "run");

  double error = 0, size = 0;
  for (std::size_t i = 0; i < vocabulary; ++i) {
    error += std::pow(found[i] - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  BOOST_TEST(std::sqrt(error / size) < 0.05);
}

BOOST_AUTO_TEST_CASE(explain_has_a_line_for_every_stage) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu");
  std::vector<std::string> lines;

  Registry::check(
      cpu.backend().explain(cpu.plan(), &lines,
                            [](void* sink, quipu_str text) noexcept {
                              static_cast<std::vector<std::string>*>(sink)->emplace_back(text.data,
                                                                                         text.size);
                            }),
      "explain");

  BOOST_TEST(lines.size() > 10u);
  BOOST_TEST(lines.front().find("logits") == 0u);
}

BOOST_AUTO_TEST_CASE(facts_count_what_a_token_reads) {
  const Decoder decoder;
  auto cpu = decoder.on("cpu", {.threads = 2});
  quipu_plan_facts facts{};
  facts.size = sizeof facts;

  cpu.backend().facts(cpu.plan(), &facts);

  const std::uint64_t attention = 2 * (width * 64 + 2 * width * 32 + 64 * width);
  const std::uint64_t experts = 4 * width + 2 * 3 * width * hidden;
  BOOST_TEST(facts.threads == 2u);
  BOOST_TEST(facts.multiply_adds == attention + 3 * width * hidden + experts);
  BOOST_TEST(facts.head_multiply_adds == width * vocabulary);
}
