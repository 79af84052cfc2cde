// Model files with random damage: whatever it is, an error says so or the model is taken, and then
// its tokenizer and a run of it work or say why not.
#include <boost/test/unit_test.hpp>

#include <bit>
#include <fstream>

#include "quipu/engine.h"
#include "quipu/error.h"
#include "quipu/model.h"
#include "quipu/registry.h"
#include "support/model_copy.h"
#include "support/mutation.h"
#include "support/peak_memory.h"
#include "support/temporary_folder.h"

using quipu::test::ModelCopy;
using quipu::test::Mutation;
using quipu::test::peak_memory;

namespace {

const std::string families[] = {"gemma3", "llama", "qwen2", "qwen2moe"};

struct Outcome {
  std::size_t refused = 0, made = 0, ran = 0;
};

struct Fixture {
  ModelCopy copy(const std::string& family) {
    const auto path = std::filesystem::path(QUIPU_TEST_DATA) / "models" / (family + ".gguf");
    return ModelCopy(*quipu::ModelFile::open(path, registry));
  }

  void write(const std::string& bytes) {
    std::ofstream(folder / "m.gguf", std::ios::binary | std::ios::trunc) << bytes;
  }

  void use_tokenizer(const quipu::Model& model, Mutation& random) {
    try {
      const quipu::Tokenizer& tokenizer = model.tokenizer();
      const auto tokens = tokenizer.encode(random.text(40), {.parse_special = random.one_in(2)});
      for (const quipu::Token token : tokens)
        BOOST_REQUIRE(token >= 0 && static_cast<std::size_t>(token) < tokenizer.size());
      tokenizer.decode(tokens, true);
    } catch (const quipu::Error& error) {
      BOOST_REQUIRE(*error.what());
    }
  }

  // One token through the plain loops of the reference backend, where there is one.
  void run(std::shared_ptr<const quipu::Model> model, Outcome& outcome) {
    if (registry.items(quipu::PluginKind::backend).empty()) return;
    try {
      quipu::Engine engine(model, registry,
                           {.backend = "reference", .threads = 1, .context = 4, .batch = 4});
      const quipu::Token tokens[] = {0, 1};
      const auto logits = engine.logits(tokens);
      BOOST_REQUIRE_EQUAL(logits.size(), std::size_t{2} * model->facts().vocabulary);
      ++outcome.ran;
    } catch (const quipu::Error& error) {
      BOOST_REQUIRE(*error.what());
    }
  }

  void use(Mutation& random, Outcome& outcome) {
    std::shared_ptr<const quipu::Model> model;
    try {
      model = quipu::Model::make(quipu::ModelFile::open(folder / "m.gguf", registry), registry);
    } catch (const quipu::Error& error) {
      BOOST_REQUIRE(*error.what());
      BOOST_REQUIRE(error.code() == quipu::ErrorCode::invalid ||
                    error.code() == quipu::ErrorCode::unsupported);
      ++outcome.refused;
      return;
    }
    ++outcome.made;
    use_tokenizer(*model, random);
    run(model, outcome);
  }

  void check(const Outcome& outcome, std::size_t memory_before) {
    BOOST_TEST_MESSAGE(outcome.refused << " refused, " << outcome.made << " made, " << outcome.ran
                                       << " ran; " << (peak_memory() - memory_before) / 1024
                                       << " KiB");
    // Damage of both kinds was seen.
    BOOST_TEST(outcome.refused > 20u);
    BOOST_TEST(outcome.made > 20u);
    if (quipu::test::peak_memory_is_known) BOOST_TEST(peak_memory() - memory_before < 64u << 20);
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

// A value of any type under a key of the model, or under one that only some models have.
void change_a_key(ModelCopy& model, const std::string& family, Mutation& random) {
  static const std::string others[] = {"vocab_size",
                                       "attention.key_length",
                                       "attention.value_length",
                                       "attention.scale",
                                       "attention.sliding_window",
                                       "attention.sliding_window_pattern",
                                       "expert_count",
                                       "expert_used_count",
                                       "rope.dimension_count",
                                       "rope.freq_base_swa",
                                       "rope.scaling.type",
                                       "rope.scaling.factor",
                                       "rope.scaling.original_context_length",
                                       "rope.scaling.yarn_beta_fast",
                                       "rope.scaling.yarn_beta_slow",
                                       "rope.scaling.yarn_ext_factor",
                                       "rope.scaling.attn_factor",
                                       "rope.scale_linear"};
  static const std::string texts[] = {"",     "none",  "linear", "yarn",   "longrope",
                                      "gpt2", "llama", "qwen2",  "gemma3", "default"};
  const auto keys = model.keys();
  const std::string key = random.one_in(2) ? keys[random.below(keys.size())]
                                           : family + "." + others[random.below(std::size(others))];
  switch (random.below(12)) {
  case 0:
    model.erase(key);
    break;
  case 1:
    model.set(key, static_cast<std::int64_t>(random.number()));
    break;
  case 2:
    model.set(key, random.number());
    break;
  case 3:
    model.set(key, static_cast<float>(static_cast<std::int64_t>(random.number())) * 1e-3f);
    break;
  case 4:
    model.set(key, std::bit_cast<double>(random.bits()));
    break;
  case 5:
    model.set(key, random.one_in(2));
    break;
  case 6:
    model.set(key, texts[random.below(std::size(texts))]);
    break;
  case 7:
    model.set(key, std::vector<std::int32_t>(random.below(70),
                                             static_cast<std::int32_t>(random.number())));
    break;
  case 8:
    model.set(key,
              std::vector<float>(random.below(70),
                                 std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()))));
    break;
  case 9: {
    std::vector<std::string> many(random.below(70));
    for (std::string& each : many) each = random.text(3);
    model.set(key, many);
    break;
  }
  default:
    model.set(key, static_cast<std::uint32_t>(random.number() % 128));
    break;
  }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mutations, Fixture)

BOOST_AUTO_TEST_CASE(bytes_of_the_header_that_are_damaged_do_no_harm) {
  Mutation random(1);
  Outcome outcome;
  std::vector<std::pair<std::string, std::size_t>> files;
  for (const std::string& family : families) {
    const auto writer = copy(family).writer();
    files.emplace_back(writer.bytes(), writer.header().size());
  }
  const std::size_t memory_before = peak_memory();
  for (int round = 0; round < 1000; ++round) {
    auto [bytes, header] = files[random.below(files.size())];
    for (std::size_t i = 1 + random.below(3); i > 0; --i) random.damage(bytes, header);
    if (random.one_in(20)) bytes.resize(random.below(bytes.size()));
    write(bytes);
    use(random, outcome);
  }
  check(outcome, memory_before);
}

BOOST_AUTO_TEST_CASE(keys_with_any_values_do_no_harm) {
  Mutation random(2);
  Outcome outcome;
  std::vector<ModelCopy> models;
  for (const std::string& family : families) models.push_back(copy(family));
  const std::size_t memory_before = peak_memory();
  for (int round = 0; round < 1000; ++round) {
    const std::size_t which = random.below(models.size());
    ModelCopy model = models[which];
    for (std::size_t i = 1 + random.below(3); i > 0; --i)
      change_a_key(model, families[which], random);
    write(model.writer().bytes());
    use(random, outcome);
  }
  check(outcome, memory_before);
}

BOOST_AUTO_TEST_SUITE_END()
