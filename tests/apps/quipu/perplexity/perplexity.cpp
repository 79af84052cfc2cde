// Perplexity against plain sums over the engine's logits, and against llama.cpp's.
#include "perplexity/perplexity.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "apps/quipu/program.h"
#include "apps/quipu/tiny_models.h"
#include "quipu/error.h"
#include "support/model_copy.h"

using quipu::Engine;
using quipu::EngineOptions;
using quipu::KvType;
using quipu::Model;
using quipu::ModelFile;
using quipu::Token;
using quipu::app::measure_perplexity;
using quipu::app::Perplexity;
using quipu::app::PerplexityOptions;
using quipu::test::ModelCopy;
using quipu::test::models;
using quipu::test::registry;
using quipu::test::TemporaryFolder;

namespace {

std::shared_ptr<const Model> model_of(const std::filesystem::path& file) {
  return Model::make(ModelFile::open(file, registry()), registry());
}

EngineOptions exact() {
  EngineOptions options;
  options.kv = KvType::f32;
  options.deterministic = true;
  return options;
}

std::vector<Token> some_tokens(std::size_t count) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back(static_cast<Token>((7 + i * i) % 270));
  return tokens;
}

Perplexity measure(std::shared_ptr<const Model> model, std::shared_ptr<const Model> base,
                   const std::vector<Token>& tokens, std::uint32_t context) {
  return measure_perplexity(model, base, registry(), tokens, {context, exact()},
                            [](const Perplexity&, std::size_t) { return true; });
}

std::vector<double> log_softmax(const float* row, std::size_t width) {
  double sum = 0;
  for (std::size_t i = 0; i < width; ++i) sum += std::exp(static_cast<double>(row[i]));
  std::vector<double> out;
  for (std::size_t i = 0; i < width; ++i) out.push_back(row[i] - std::log(sum));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(perplexity_is_that_of_plain_sums_over_the_logits) {
  const auto model = model_of(models + "llama-gqa.gguf");
  const std::size_t context = 48;
  auto tokens = some_tokens(10 * context + 17);

  const Perplexity found = measure(model, nullptr, tokens, context);

  Engine engine(model, registry(), exact());
  std::vector<double> surprises;
  for (std::size_t chunk = 0; chunk < 10; ++chunk) {
    std::vector<Token> part(&tokens[chunk * context], &tokens[chunk * context] + context);
    part[0] = model->tokenizer().bos();  // this model adds it
    const auto logits = engine.logits(part);
    for (std::size_t i = 24; i < 47; ++i)
      surprises.push_back(
          -log_softmax(&logits[i * 272], 272)[static_cast<std::size_t>(part[i + 1])]);
  }
  double mean = 0, variance = 0;
  for (const double x : surprises) mean += x / 230;
  for (const double x : surprises) variance += (x - mean) * (x - mean) / 230;
  BOOST_TEST(found.chunks == 10u);
  BOOST_TEST(found.scored == 230u);
  BOOST_TEST(!found.distance);
  // Ten chunks in a batch are summed in another order than one: floats, a thousand times.
  BOOST_TEST(std::abs(found.surprise.value - mean) < 1e-5);
  BOOST_TEST(std::abs(found.surprise.error - std::sqrt(variance / 229)) < 1e-5);
}

BOOST_AUTO_TEST_CASE(chunks_that_fill_a_batch_or_more_are_scored_alike) {
  const auto model = model_of(models + "qwen2-tied.gguf");
  const auto tokens = some_tokens(1200);

  const Perplexity found = measure(model, nullptr, tokens, 600);

  double sum = 0;
  for (const std::size_t first : {0u, 600u}) {
    const std::vector<Token> part(&tokens[first], &tokens[first] + 600);
    EngineOptions options = exact();
    options.context = 600;
    const auto logits = Engine(model, registry(), options).logits(part);
    for (std::size_t i = 300; i < 599; ++i)
      sum -= log_softmax(&logits[i * 272], 272)[static_cast<std::size_t>(part[i + 1])];
  }
  BOOST_TEST(found.scored == 598u);
  // As above.
  BOOST_TEST(std::abs(found.surprise.value - sum / 598) < 1e-5);
}

BOOST_AUTO_TEST_CASE(a_model_is_at_no_distance_from_itself) {
  const auto model = model_of(models + "llama-gqa.gguf");

  const auto distance = measure(model, model, some_tokens(200), 64).distance.value();

  BOOST_TEST(distance.kl.value == 0);
  BOOST_TEST(distance.kl_max == 0);
  BOOST_TEST(distance.top1_agreement == 1);
  BOOST_TEST(distance.difference.value == 0);
}

BOOST_AUTO_TEST_CASE(the_distance_from_a_base_is_that_of_plain_sums) {
  const TemporaryFolder folder;
  ModelCopy copy(*ModelFile::open(models + "llama-gqa.gguf", registry()));
  auto& weights = copy.tensor("blk.0.attn_v.weight")->data;
  for (std::size_t i = 0; i < weights.size(); i += 4) weights[i + 2] = 0;  // coarser
  copy.write(folder / "coarse.gguf");
  const auto base = model_of(models + "llama-gqa.gguf");
  const auto model = model_of(folder / "coarse.gguf");
  auto tokens = some_tokens(64);

  const auto found = measure(model, base, tokens, 64).distance.value();

  tokens[0] = base->tokenizer().bos();
  Engine of_base(base, registry(), exact()), of_model(model, registry(), exact());
  const auto p = of_base.logits(tokens), q = of_model.logits(tokens);
  double kl = 0, kl_max = 0, difference = 0, agreed = 0;
  for (std::size_t i = 32; i < 63; ++i) {
    const auto log_p = log_softmax(&p[i * 272], 272), log_q = log_softmax(&q[i * 272], 272);
    double row = 0;
    for (std::size_t j = 0; j < 272; ++j) row += std::exp(log_p[j]) * (log_p[j] - log_q[j]);
    kl += row / 31;
    kl_max = std::max(kl_max, row);
    const auto next = static_cast<std::size_t>(tokens[i + 1]);
    difference += (log_q[next] - log_p[next]) / 31;
    agreed += std::ranges::max_element(log_p) - log_p.begin() ==
              std::ranges::max_element(log_q) - log_q.begin();
  }
  BOOST_TEST(found.kl.value > 1e-6);
  // Floats of the logits have seven digits; a KL of this size is a difference of them.
  BOOST_TEST(std::abs(found.kl.value - kl) < 1e-6);
  BOOST_TEST(std::abs(found.kl_max - kl_max) < 1e-6);
  BOOST_TEST(std::abs(found.difference.value - difference) < 1e-6);
  BOOST_TEST(found.top1_agreement == agreed / 31);
}

BOOST_AUTO_TEST_CASE(another_vocabulary_and_a_text_without_a_chunk_are_refused) {
  const auto llama = model_of(models + "llama-gqa.gguf"),
             qwen = model_of(models + "qwen2-tied.gguf");
  const auto refused = [](const char* words) {
    return [=](const quipu::Error& error) {
      return error.code() == quipu::ErrorCode::usage &&
             std::string(error.what()).find(words) != std::string::npos;
    };
  };

  BOOST_CHECK_EXCEPTION(measure(llama, qwen, some_tokens(64), 64), quipu::Error,
                        refused("--kl-base: expected the model's vocabulary, found token 0"));
  BOOST_CHECK_EXCEPTION(measure(llama, nullptr, some_tokens(63), 64), quipu::Error,
                        refused("expected at least 64 tokens, a chunk, found 63"));
  BOOST_CHECK_EXCEPTION(measure(llama, nullptr, some_tokens(64), 2), quipu::Error,
                        refused("--ctx: expected at least 3, found 2"));
}

BOOST_AUTO_TEST_CASE(logits_that_are_no_numbers_are_refused) {
  const TemporaryFolder folder;
  ModelCopy copy(*ModelFile::open(models + "llama-gqa.gguf", registry()));
  const float none = std::nanf("");
  std::memcpy(copy.tensor("output_norm.weight")->data.data(), &none, sizeof none);
  copy.write(folder / "broken.gguf");

  BOOST_CHECK_EXCEPTION(
      measure(model_of(folder / "broken.gguf"), nullptr, some_tokens(64), 64), quipu::Error,
      [](const quipu::Error& error) { return error.code() == quipu::ErrorCode::invalid; });
}

BOOST_AUTO_TEST_CASE(the_program_says_what_it_measured) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "a line, the " + std::to_string(i) + "th\n";
  std::ofstream(folder / "text") << text;
  const auto found = quipu::test::run_program(
      {"perplexity", models + "llama-gqa.gguf", "--file", (folder / "text").string(), "--kl-base",
       models + "llama-gqa.gguf", "--ctx", "128", "--chunks", "5", "--json"});
  const auto words = quipu::test::run_program(
      {"perplexity", models + "llama-gqa.gguf", "--file", (folder / "text").string()});
  const auto absent =
      quipu::test::run_program({"perplexity", models + "llama-gqa.gguf", "--file", "absent"});

  BOOST_TEST(found.code == 0, found.err);
  const auto json = boost::json::parse(found.out);
  BOOST_TEST(json.at("chunks").as_int64() == 5);
  BOOST_TEST(json.at("scored").as_int64() == 5 * 63);
  BOOST_TEST(json.at("kl_mean").as_double() == 0);
  BOOST_TEST(std::abs(json.at("perplexity").as_double() - std::exp(json.at("nll").as_double())) <
             1e-9);
  BOOST_TEST(words.out.starts_with("perplexity "));
  BOOST_TEST(absent.code == 5);
}
