// Logits of the reference models, whose families have a plugin, against exact ones.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "quipu/engine.h"
#include "quipu/model.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"

using namespace quipu;

namespace {

const std::filesystem::path folder = std::filesystem::path(QUIPU_SHARED_DATA) / "reference/models";

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
  double largest = found.size() == expected.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < found.size() && std::isfinite(largest); ++i)
    largest = std::isnan(found[i]) ? INFINITY
                                   : std::max(largest, std::abs(double(found[i]) - expected[i]));
  return largest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(logits_of_reference_models_are_exact_at_once_and_step_by_step) {
  if (!std::filesystem::exists(folder / "manifest.json")) {
    BOOST_TEST_MESSAGE("skipped: there is no " << folder);
    return;
  }
  const boost::json::value manifest = boost::json::parse(text_of(folder / "manifest.json"));
  const auto& models = manifest.is_array() ? manifest.as_array() : manifest.at("models").as_array();
  Registry registry;
  std::size_t tested = 0;
  for (const auto& entry : models) {
    const std::string name(entry.at("name").as_string());
    const std::string family(entry.at("arch").as_string());
    if (registry.architectures(family).empty()) continue;
    std::vector<Token> prompt;
    for (const auto& id : entry.at("prompt_ids").as_array())
      prompt.push_back(id.to_number<Token>());
    const auto expected = floats_of(folder / std::string(entry.at("logits_file").as_string()));
    const double tolerance = entry.at("tolerance").at("max_abs").to_number<double>();
    const auto model = Model::make(
        ModelFile::open(folder / std::string(entry.at("file").as_string()), registry), registry);
    EngineOptions options;
    options.backend = "cpu";
    options.threads = 2;
    options.context = entry.at("n_ctx").to_number<std::uint32_t>();
    options.kv = KvType::f32;
    Engine engine(model, registry, options);

    const double at_once = largest_difference(engine.logits(prompt), expected);
    const double stepwise = largest_difference(engine.logits(prompt, false, true), expected);

    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(at_once <= tolerance);
      BOOST_TEST(stepwise <= tolerance);
    }
    ++tested;
  }
  BOOST_TEST_MESSAGE(tested << " models");
  BOOST_TEST(tested > 0u);
}
