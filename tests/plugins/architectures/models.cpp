// Whole models on both backends against logits that others computed: the committed ones of
// tests/data/models, and those of the shared reference data where they are.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "quipu/embedder.h"
#include "quipu/engine.h"
#include "quipu/model.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"

using namespace quipu;

namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<float> floats_of(const std::filesystem::path& path) {
  const std::string bytes = text_of(path);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

double largest_difference(const std::vector<float>& found, const std::vector<float>& expected) {
  if (found.size() != expected.size() || found.empty()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
    largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
  }
  return largest;
}

std::vector<Token> tokens_of(const boost::json::value& ids) {
  std::vector<Token> tokens;
  for (const auto& id : ids.as_array()) tokens.push_back(id.to_number<Token>());
  return tokens;
}

std::string text(const boost::json::value& entry, std::string_view key) {
  return std::string(entry.at(key).as_string());
}

void compare_embeddings(const std::filesystem::path& folder, const boost::json::value& entry,
                        Registry& registry, const std::string& backend) {
  const auto model = Model::make(ModelFile::open(folder / text(entry, "file"), registry), registry);
  EngineOptions options;
  options.backend = backend;
  options.context = entry.at("n_ctx").to_number<std::uint32_t>();
  options.kv = KvType::f32;
  Embedder embedder(model, registry, options);
  const auto prompt = tokens_of(entry.at("prompt_ids"));
  const auto expected = floats_of(folder / text(entry, "embeddings_file"));
  const double tolerance = entry.at("tolerance").at("max_abs").to_number<double>();
  const std::size_t width = embedder.width();

  BOOST_TEST_CONTEXT(text(entry, "name") << " on " << backend) {
    BOOST_TEST(largest_difference(embedder.embed(prompt, Pooling::none), expected) <= tolerance);
    const std::vector<float> first(expected.begin(), expected.begin() + std::ptrdiff_t(width));
    BOOST_TEST(largest_difference(embedder.embed(prompt, Pooling::first), first) <= tolerance);
    const std::vector<float> last(expected.end() - std::ptrdiff_t(width), expected.end());
    BOOST_TEST(largest_difference(embedder.embed(prompt, Pooling::last), last) <= tolerance);
    std::vector<float> mean(width);
    for (std::size_t i = 0; i < expected.size(); ++i)
      mean[i % width] += expected[i] / static_cast<float>(prompt.size());
    BOOST_TEST(largest_difference(embedder.embed(prompt, Pooling::mean), mean) <= tolerance);
    BOOST_TEST(model->warnings().empty());
  }
}

void compare_logits(const std::filesystem::path& folder, const boost::json::value& entry,
                    Registry& registry, const std::string& backend) {
  const auto model = Model::make(ModelFile::open(folder / text(entry, "file"), registry), registry);
  EngineOptions options;
  options.backend = backend;
  options.context = entry.at("n_ctx").to_number<std::uint32_t>();
  options.kv = KvType::f32;
  Engine engine(model, registry, options);
  const auto prompt = tokens_of(entry.at("prompt_ids"));
  const auto expected = floats_of(folder / text(entry, "logits_file"));
  const double tolerance = entry.at("tolerance").at("max_abs").to_number<double>();
  Request request;
  request.prompt = prompt;
  request.sampling.temperature = 0;
  request.ignore_end = true;
  const auto greedy = tokens_of(entry.at("greedy_ids"));
  request.max_tokens = static_cast<std::int64_t>(greedy.size());

  BOOST_TEST_CONTEXT(text(entry, "name") << " on " << backend) {
    BOOST_TEST(largest_difference(engine.logits(prompt), expected) <= tolerance);
    BOOST_TEST(largest_difference(engine.logits(prompt, false, true), expected) <= tolerance);
    BOOST_TEST(engine.run(std::move(request)).tokens == greedy, boost::test_tools::per_element());
    BOOST_TEST(model->warnings().empty());
  }
}

// Compares every model whose family has a plugin, and says which families those were.
std::set<std::string> compare_all(const std::filesystem::path& folder) {
  Registry registry({.plugins = {}, .bundled_only = true, .log = {}});
  const boost::json::value manifest = boost::json::parse(text_of(folder / "manifest.json"));
  std::set<std::string> families;
  for (const auto& entry : manifest.at("models").as_array()) {
    if (registry.architectures(text(entry, "arch")).empty()) continue;
    for (const char* const backend : {"reference", "cpu"})
      if (entry.as_object().contains("logits_file"))
        compare_logits(folder, entry, registry, backend);
      else
        compare_embeddings(folder, entry, registry, backend);
    families.insert(text(entry, "arch"));
  }
  return families;
}

const std::set<std::string> committed{"bert",    "chatglm",  "command-r", "deepseek2",  "exaone",
                                      "exaone4", "falcon",   "gemma3",    "llama",      "llama4",
                                      "minicpm", "mistral3", "orion",     "nomic-bert", "qwen",
                                      "qwen2",   "qwen2moe"};
const std::set<std::string> shared{
    "baichuan", "bloom",      "cohere2",   "command-r", "deepseek2", "exaone4",  "falcon",
    "gemma",    "gemma2",     "gemma3",    "glm4",      "gpt-oss",   "gpt2",     "gptneox",
    "granite",  "granitemoe", "internlm2", "llama",     "mpt",       "nemotron", "olmo",
    "olmo2",    "olmoe",      "phi2",      "phi3",      "qwen2",     "qwen2moe", "qwen3",
    "qwen3moe", "smollm3",    "stablelm",  "starcoder", "starcoder2"};

}  // namespace

BOOST_AUTO_TEST_CASE(committed_models_give_the_logits_that_numpy_gave) {
  BOOST_TEST(compare_all(std::filesystem::path(QUIPU_TEST_DATA) / "models") == committed,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(reference_models_give_the_logits_that_transformers_gave) {
  const auto folder = std::filesystem::path(QUIPU_SHARED_DATA) / "reference/models";
  if (!std::filesystem::exists(folder / "manifest.json")) {
    BOOST_TEST_MESSAGE("skipped: there is no " << folder);
    return;
  }
  BOOST_TEST(compare_all(folder) == shared, boost::test_tools::per_element());
}
