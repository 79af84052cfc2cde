// Mixes give every tensor the format that llama.cpp's quantize tool gives it, for models of the
// shapes that its rules ask about.
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <map>
#include <sstream>

#include "quipu/quantize.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::test::GgufWriter;
using quipu::test::TemporaryFolder;

namespace {

struct Recipe {
  const char* name;
  const char* family;
  std::uint32_t layers, heads, value_heads;
  std::uint32_t experts = 0;
  bool ties = false, joins_attention = false, shares_expert = false, half = false, extra = false;
  std::uint64_t columns = 256, inner = 256;
};

constexpr Recipe recipes[] = {
    {.name = "llama16", .family = "llama", .layers = 16, .heads = 8, .value_heads = 8},
    {.name = "llama17gqa",
     .family = "llama",
     .layers = 17,
     .heads = 8,
     .value_heads = 2,
     .ties = true},
    {.name = "llama80", .family = "llama", .layers = 80, .heads = 8, .value_heads = 1},
    {.name = "llama80mha", .family = "llama", .layers = 80, .heads = 8, .value_heads = 8},
    {.name = "qwen80", .family = "qwen2", .layers = 80, .heads = 8, .value_heads = 4},
    {.name = "mixtral",
     .family = "llama",
     .layers = 18,
     .heads = 8,
     .value_heads = 2,
     .experts = 8},
    {.name = "moe4",
     .family = "llama",
     .layers = 9,
     .heads = 8,
     .value_heads = 4,
     .experts = 4,
     .shares_expert = true,
     .half = true},
    {.name = "falcon",
     .family = "falcon",
     .layers = 32,
     .heads = 8,
     .value_heads = 1,
     .joins_attention = true},
    {.name = "odd", .family = "llama", .layers = 8, .heads = 8, .value_heads = 2, .inner = 288},
    {.name = "odder",
     .family = "llama",
     .layers = 8,
     .heads = 8,
     .value_heads = 2,
     .columns = 160,
     .inner = 208},
    {.name = "f16",
     .family = "llama",
     .layers = 24,
     .heads = 14,
     .value_heads = 2,
     .half = true,
     .extra = true},
};

class ModelMaker {
 public:
  explicit ModelMaker(const Recipe& recipe) : recipe_(recipe) {
    const std::string prefix = std::string(recipe.family) + ".";
    file_.add("general.architecture", recipe.family).add(prefix + "block_count", recipe.layers);
    file_.add(prefix + "attention.head_count", recipe.heads);
    file_.add(prefix + "attention.head_count_kv", recipe.value_heads);
    if (recipe.experts) file_.add(prefix + "expert_count", recipe.experts);
    matrix("token_embd");
    vector("output_norm.weight");
    if (!recipe.ties) matrix("output");
    for (std::uint32_t i = 0; i < recipe.layers; ++i) layer("blk." + std::to_string(i) + ".");
    if (!recipe.extra) return;
    for (const char* name :
         {"position_embd", "token_types", "blk.0.ssm_conv1d", "per_layer_token_embd"})
      matrix(name);
  }

  const GgufWriter& file() const { return file_; }

 private:
  void layer(const std::string& prefix) {
    vector(prefix + "attn_norm.weight");
    if (recipe_.joins_attention) {
      matrix(prefix + "attn_qkv");
    } else {
      for (const char* name : {"attn_q", "attn_k", "attn_v"}) matrix(prefix + name);
      vector(prefix + "attn_v.bias");
    }
    matrix(prefix + "attn_output");
    if (recipe_.experts == 0) {
      matrix(prefix + "ffn_gate");
      matrix(prefix + "ffn_up");
      matrix(prefix + "ffn_down", recipe_.inner);
      return;
    }
    matrix(prefix + "ffn_gate_inp");
    matrix(prefix + "ffn_gate_exps", recipe_.columns, recipe_.experts);
    matrix(prefix + "ffn_up_exps", recipe_.columns, recipe_.experts);
    matrix(prefix + "ffn_down_exps", recipe_.inner, recipe_.experts);
    if (recipe_.shares_expert) matrix(prefix + "ffn_down_shexp", recipe_.inner);
  }

  void vector(const std::string& name) {
    file_.add_tensor(name, {recipe_.columns}, std::vector<float>(recipe_.columns));
  }
  void matrix(const std::string& name, std::uint64_t columns = 0, std::uint64_t count = 1) {
    if (columns == 0) columns = recipe_.columns;
    std::vector<std::uint64_t> shape{columns, 2};
    if (count > 1) shape.push_back(count);
    const std::uint64_t weights = columns * 2 * count;
    if (recipe_.half)
      file_.add_tensor(name + ".weight", shape, 1, std::string(weights * 2, '\0'));
    else
      file_.add_tensor(name + ".weight", shape, std::vector<float>(weights));
  }

  const Recipe& recipe_;
  GgufWriter file_;
};

// "blk.3.attn_v.weight" is {"attn_v", 3}.
std::pair<std::string, int> kind_and_layer(const std::string& name) {
  std::string kind = name;
  int layer = -1;
  if (name.starts_with("blk.")) {
    const std::size_t dot = name.find('.', 4);
    layer = std::stoi(name.substr(4, dot - 4));
    kind = name.substr(dot + 1);
  }
  if (kind.ends_with(".weight")) kind.resize(kind.size() - 7);
  return {kind, layer};
}

// As the golden file has it.
std::string text_of(const std::vector<quipu::Conversion>& conversions) {
  std::map<std::string, std::map<int, std::string>> kinds;
  for (const auto& each : conversions) {
    if (each.tensor->shape.size() < 2) continue;
    const auto [kind, layer] = kind_and_layer(each.tensor->name);
    kinds[kind][layer] = each.to->name;
  }
  std::string text;
  for (const auto& [kind, layers] : kinds) {
    text += " " + kind + "=";
    const char* separator = "";
    for (auto at = layers.begin(); at != layers.end();) {
      std::size_t count = 0;
      const std::string& format = at->second;
      for (; at != layers.end() && at->second == format; ++at) ++count;
      text += separator + format;
      if (count > 1) text += "*" + std::to_string(count);
      separator = ",";
    }
  }
  return text;
}

quipu::ColumnImportance importance_for(const quipu::ModelFile& file) {
  quipu::ColumnImportance importance;
  for (const auto& tensor : file.tensors())
    if (tensor.shape.size() > 1)
      importance[tensor.name].assign(
          tensor.shape[0] * (tensor.shape.size() > 2 ? tensor.shape[2] : 1), 1.0f);
  return importance;
}

}  // namespace

BOOST_AUTO_TEST_CASE(tensors_get_the_formats_that_llama_cpp_gives_them) {
  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  const TemporaryFolder folder;
  std::map<std::string, std::shared_ptr<const quipu::ModelFile>> models;
  for (const Recipe& recipe : recipes) {
    const auto path = folder / (std::string(recipe.name) + ".gguf");
    ModelMaker(recipe).file().write(path);
    models[recipe.name] = quipu::ModelFile::open(path, registry);
  }
  std::ifstream golden(QUIPU_TEST_DATA "/quantize/mixes.txt");
  BOOST_REQUIRE(golden.good());
  std::size_t lines = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    std::string model, mix, pure, importance, expected;
    words >> model >> mix >> pure >> importance;
    std::getline(words, expected);
    BOOST_TEST_CONTEXT(model << " " << mix << " " << pure << " " << importance) {
      const auto& file = models.at(model);
      quipu::QuantizeOptions options;
      options.format = mix;
      options.pure = pure == "pure";
      // What is checked is the choice; without importance some could not be made.
      if (importance == "importance") options.importance = importance_for(*file);
      const quipu::Quantization quantization(file, options, registry);
      BOOST_TEST(text_of(quantization.conversions()) == expected);
    }
    ++lines;
  }
  BOOST_TEST(lines > 300u);
}
