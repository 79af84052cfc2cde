// Importance as measured: the same on both backends, and what a hand computes.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include "quipu/error.h"
#include "quipu/importance.h"
#include "quipu/registry.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::Importance;
using quipu::MeasureOptions;
using quipu::Token;

namespace {

constexpr std::uint32_t chunk = 24;

struct Fixture {
  std::shared_ptr<const quipu::Model> open(const std::string& name) {
    return quipu::Model::make(
        quipu::ModelFile::open(QUIPU_TEST_DATA "/models/" + name + ".gguf", registry), registry);
  }

  // Some tokens of every model's vocabulary, three chunks and a rest.
  static std::vector<Token> tokens() {
    std::vector<Token> tokens;
    for (int i = 0; i < 80; ++i) tokens.push_back(3 + i * 7 % 60);
    return tokens;
  }

  Importance measure(const quipu::Model& model, const std::string& backend,
                     MeasureOptions options = {}) {
    options.chunk_size = chunk;
    options.engine.backend = backend;
    options.engine.threads = 2;
    options.engine.kv = quipu::KvType::f32;
    return Importance::measure(model, tokens(), options, registry);
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
};

std::vector<float> numbers(const quipu::ModelFile& file, const std::string& name) {
  const auto* tensor = file.tensor(name);
  BOOST_REQUIRE(tensor);
  std::uint64_t count = 1;
  for (const auto axis : tensor->shape) count *= axis;
  std::vector<float> values(count);
  std::memcpy(values.data(), tensor->data, count * sizeof(float));
  return values;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(measure_importance, Fixture)

BOOST_AUTO_TEST_CASE(backends_agree) {
  for (const char* name : {"qwen2moe", "llama-gqa", "gemma3"}) {
    const auto model = open(name);
    const Importance cpu = measure(*model, "cpu"), reference = measure(*model, "reference");
    BOOST_TEST(cpu.chunk_count == 3u);
    BOOST_TEST(cpu.weights.size() > 7u);
    BOOST_REQUIRE(cpu.weights.size() == reference.weights.size());
    for (const auto& [weight, expected] : reference.weights) {
      const auto& found = cpu.weights.at(weight);
      BOOST_TEST(found.counts == expected.counts, boost::test_tools::per_element());
      double total = 0, difference = 0;
      for (std::size_t i = 0; i < expected.sums.size(); ++i) {
        total += expected.sums[i];
        difference += std::fabs(found.sums[i] - expected.sums[i]);
      }
      BOOST_TEST(difference <= 1e-4 * total, name << " " << weight << " " << difference / total);
    }
  }
}

BOOST_AUTO_TEST_CASE(dense_weights_see_every_token_and_experts_those_routed_to_them) {
  const auto model = open("qwen2moe");
  const auto used = model->file().metadata().integer("qwen2moe.expert_used_count").value();
  const Importance importance = measure(*model, "cpu");
  BOOST_TEST(importance.weights.at("blk.0.attn_q.weight").counts == std::vector<float>{3 * chunk},
             boost::test_tools::per_element());
  for (const char* name : {"ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"}) {
    const auto& weight = importance.weights.at("blk.1." + std::string(name) + ".weight");
    float total = 0;
    for (const float count : weight.counts) total += count;
    BOOST_TEST(total == static_cast<float>(3 * chunk * used), name);
  }
}

BOOST_AUTO_TEST_CASE(the_first_layer_sees_normalised_embeddings) {
  const auto model = open("llama-gqa");
  const auto embedding = numbers(model->file(), "token_embd.weight");
  const auto gain = numbers(model->file(), "blk.0.attn_norm.weight");
  const auto epsilon =
      model->file().metadata().number("llama.attention.layer_norm_rms_epsilon").value();
  const std::size_t width = gain.size();
  auto all = tokens();
  const auto& tokenizer = model->tokenizer();
  std::vector<double> expected(width);
  for (std::size_t i = 0; i < 3 * chunk; ++i) {
    const bool first = i % chunk == 0 && tokenizer.adds_bos() && tokenizer.bos() >= 0;
    const float* row =
        embedding.data() + static_cast<std::size_t>(first ? tokenizer.bos() : all[i]) * width;
    double square = 0;
    for (std::size_t c = 0; c < width; ++c) square += double{row[c]} * row[c];
    const double scale = 1 / std::sqrt(square / static_cast<double>(width) + epsilon);
    for (std::size_t c = 0; c < width; ++c) expected[c] += std::pow(row[c] * scale * gain[c], 2);
  }
  const Importance importance = measure(*model, "cpu");
  for (const char* name : {"attn_q", "attn_k", "attn_v"}) {
    const auto& sums = importance.weights.at("blk.0." + std::string(name) + ".weight").sums;
    BOOST_REQUIRE(sums.size() == width);
    for (std::size_t c = 0; c < width; ++c)
      BOOST_TEST(std::fabs(sums[c] - expected[c]) <= 1e-5 * expected[c] + 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(the_output_is_seen_where_it_is_wanted) {
  const auto model = open("llama-gqa");
  BOOST_TEST(measure(*model, "cpu").weights.count("output.weight") == 0u);
  MeasureOptions options;
  options.output = true;
  options.most_chunks = 2;
  const Importance importance = measure(*model, "cpu", options);
  BOOST_TEST(importance.chunk_count == 2u);
  BOOST_TEST(importance.weights.at("output.weight").counts[0] == 2 * chunk);
}

BOOST_AUTO_TEST_CASE(too_short_a_text_and_stopping_are_said) {
  const auto model = open("llama-gqa");
  MeasureOptions options;
  options.chunk_size = 512;
  BOOST_CHECK_EXCEPTION(Importance::measure(*model, tokens(), options, registry), Error,
                        [](const Error& error) { return error.code() == ErrorCode::usage; });
  options.progress = [](std::uint64_t, std::uint64_t) { return false; };
  BOOST_CHECK_EXCEPTION(measure(*model, "cpu", options), Error,
                        [](const Error& error) { return error.code() == ErrorCode::cancelled; });
}

BOOST_AUTO_TEST_SUITE_END()
