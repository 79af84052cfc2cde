// Models that lack something, or that no plugin or too many claim.
#include "quipu/model.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"
#include "quipu/registry.h"
#include "support/model_copy.h"
#include "support/temporary_folder.h"

using quipu::ErrorCode;
using quipu::test::ModelCopy;

namespace {

const std::string families[] = {"gemma3", "llama", "qwen2", "qwen2moe"};

const char* const castor = QUIPU_RIVALS "/castor.so";
const char* const pollux = QUIPU_RIVALS "/pollux.so";
const char* const helen = QUIPU_RIVALS "/helen.so";

struct Fixture {
  ModelCopy copy(const std::string& family) {
    const auto path = std::filesystem::path(QUIPU_TEST_DATA) / "models" / (family + ".gguf");
    return ModelCopy(*quipu::ModelFile::open(path, registry));
  }

  std::shared_ptr<const quipu::Model> make(const ModelCopy& model) {
    model.write(folder / "m.gguf");
    return quipu::Model::make(quipu::ModelFile::open(folder / "m.gguf", registry), registry);
  }

  void refused(const ModelCopy& model, ErrorCode code, const std::string& begin,
               const std::string& part = "") {
    BOOST_CHECK_EXCEPTION(make(model), quipu::Error, [&](const quipu::Error& error) {
      const std::string message = error.what();
      BOOST_TEST_MESSAGE(message);
      return error.code() == code && message.starts_with(begin) &&
             message.find(part) != std::string::npos;
    });
  }

  // What making the model fails with when these plugins come before all others.
  void refused_by(std::vector<std::filesystem::path> plugins, const ModelCopy& model,
                  ErrorCode code, const std::string& message) {
    quipu::Registry others({.plugins = std::move(plugins), .bundled_only = false, .log = {}});
    model.write(folder / "m.gguf");
    const auto file = quipu::ModelFile::open(folder / "m.gguf", others);
    BOOST_CHECK_EXCEPTION(quipu::Model::make(file, others), quipu::Error,
                          [&](const quipu::Error& error) {
                            BOOST_TEST(error.what() == message);
                            return error.code() == code;
                          });
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(models, Fixture)

BOOST_AUTO_TEST_CASE(a_copy_is_a_model) {
  for (const std::string& family : families) {
    BOOST_TEST(make(copy(family))->warnings().empty());
  }
}

BOOST_AUTO_TEST_CASE(each_tensor_that_is_missing_is_named) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (const ModelCopy::Tensor& each : whole.tensors) {
      ModelCopy model = whole;
      model.erase_tensor(each.name);
      // Without an output projection the embedding table serves.
      if (each.name == "output.weight")
        BOOST_CHECK_NO_THROW(make(model));
      else
        refused(model, ErrorCode::invalid, each.name + ": expected a tensor [", "], found none");
    }
  }
}

BOOST_AUTO_TEST_CASE(all_tensors_that_are_missing_are_counted) {
  for (const std::string& family : families) {
    ModelCopy model = copy(family);
    const std::size_t others = model.tensors.size() - 1 - (model.tensor("output.weight") ? 1 : 0);
    model.tensors.clear();

    refused(model, ErrorCode::invalid,
            "token_embd.weight: ", "(and " + std::to_string(others) + " more)");
  }
}

BOOST_AUTO_TEST_CASE(each_tensor_of_another_shape_is_named) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
      const std::string& name = whole.tensors[i].name;
      const std::vector<std::uint64_t>& shape = whole.tensors[i].shape;
      const auto with_shape = [&](std::vector<std::uint64_t> other) {
        ModelCopy model = whole;
        std::size_t bytes = sizeof(float);
        for (const std::uint64_t axis : other) bytes *= axis;
        model.tensors[i].data.resize(bytes);
        model.tensors[i].shape = std::move(other);
        return model;
      };
      auto longer = shape, split = shape;
      ++longer.back();
      split.push_back(2);
      split[0] /= 2;
      const std::vector<std::uint64_t> reversed(shape.rbegin(), shape.rend());

      refused(with_shape(longer), ErrorCode::invalid, name + ": expected [", ", found [");
      refused(with_shape(split), ErrorCode::invalid, name + ": expected [", ", found [");
      if (reversed != shape)
        refused(with_shape(reversed), ErrorCode::invalid, name + ": expected [", ", found [");
    }
  }
}

BOOST_AUTO_TEST_CASE(tensors_that_no_graph_reads_are_warned_of) {
  for (const std::string& family : families) {
    ModelCopy model = copy(family);
    model.tensors.push_back({"blk.0.extra.weight", {4}, 0, std::string(16, '\0')});

    const auto warnings = make(model)->warnings();

    BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
    BOOST_TEST(warnings[0].starts_with("blk.0.extra.weight: not used by the architecture "));
  }
}

BOOST_AUTO_TEST_CASE(a_vocabulary_larger_than_the_embedding_table_is_refused) {
  ModelCopy model = copy("llama");
  const auto file = [&](std::size_t tokens) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < tokens; ++i) texts.push_back(std::to_string(i));
    model.set("tokenizer.ggml.tokens", texts)
        .set("tokenizer.ggml.scores", std::vector<float>(tokens));
    model.erase("tokenizer.ggml.token_type");
  };

  file(65);
  refused(model, ErrorCode::invalid, "token_embd.weight: expected [65, 32], found [64, 32]");
  model.set("llama.vocab_size", 64u);
  const auto made = make(model);
  BOOST_CHECK_EXCEPTION(made->tokenizer(), quipu::Error, [&](const quipu::Error& error) {
    return error.code() == ErrorCode::invalid &&
           std::string(error.what()).starts_with("tokenizer.ggml.tokens: expected at most 64");
  });
  // A padded table.
  file(60);
  BOOST_TEST(make(model)->tokenizer().size() == 60u);
}

BOOST_AUTO_TEST_CASE(an_architecture_that_no_plugin_knows_is_unsupported) {
  ModelCopy model = copy("llama");

  model.set("general.architecture", "abacus\n");
  refused(model, ErrorCode::unsupported,
          "general.architecture: no plugin for the architecture 'abacus\\x0a'; searched ");
  model.set("general.architecture", "");
  refused(model, ErrorCode::unsupported, "general.architecture: no plugin for the architecture ''");
}

BOOST_AUTO_TEST_CASE(a_model_that_names_no_architecture_is_invalid) {
  ModelCopy model = copy("llama");

  model.erase("general.architecture");
  refused(model, ErrorCode::invalid, "general.architecture: expected a string, found no such key");
  model.set("general.architecture", 7u);
  refused(model, ErrorCode::invalid,
          "general.architecture: expected a string, found an unsigned integer");
  model.set("general.architecture", std::vector<std::string>{"llama"});
  refused(model, ErrorCode::invalid,
          "general.architecture: expected a string, found an array of strings");
}

BOOST_AUTO_TEST_CASE(two_architectures_that_claim_a_model_equally_are_both_named) {
  ModelCopy model = copy("llama");
  model.set("general.architecture", "twins");

  refused_by({castor, pollux}, model, ErrorCode::unsupported,
             "two architectures claim this model equally: castor and pollux");
}

// The rivals can build nothing, and say of what family the model is.
BOOST_AUTO_TEST_CASE(the_surer_of_two_architectures_has_the_model) {
  ModelCopy model = copy("llama");
  model.set("general.architecture", "twins");

  refused_by({castor, pollux, helen}, model, ErrorCode::unsupported,
             "twins.variant: not known to helen");
  refused_by({helen, pollux}, model, ErrorCode::unsupported, "twins.variant: not known to helen");
}

BOOST_AUTO_TEST_CASE(what_an_architecture_cannot_do_is_unsupported_and_no_problem_of_the_model) {
  ModelCopy model = copy("llama");
  model.set("general.architecture", "twins");
  quipu::Registry one({.plugins = {castor}, .bundled_only = false, .log = {}});
  model.write(folder / "m.gguf");

  const auto report = quipu::Model::examine(*quipu::ModelFile::open(folder / "m.gguf", one), one);

  BOOST_TEST(report.architecture == "castor");
  BOOST_TEST(report.problems.empty());
  BOOST_TEST(report.missing_plugins ==
             std::vector<std::string>{"twins.variant: not known to castor"});
}

BOOST_AUTO_TEST_CASE(rope_scaling_that_nobody_knows_is_unsupported) {
  ModelCopy model = copy("llama");
  model.set("llama.rope.scaling.type", "spiral");

  refused(model, ErrorCode::unsupported, "llama.rope.scaling.type: expected none, linear, ");
}

BOOST_AUTO_TEST_CASE(experts_in_tensors_of_their_own_are_unsupported) {
  ModelCopy model = copy("llama");
  model.set("llama.expert_count", 2u).set("llama.expert_used_count", 1u);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    for (const std::string part : {"ffn_gate", "ffn_up", "ffn_down"}) {
      const ModelCopy::Tensor shared = *model.tensor(layer + part + ".weight");
      model.erase_tensor(shared.name);
      for (const std::string expert : {".0.weight", ".1.weight"})
        model.tensors.push_back({layer + part + expert, shared.shape, 0, shared.data});
    }
    model.tensors.push_back({layer + "ffn_gate_inp.weight", {32, 2}, 0, std::string(256, '\0')});
  }

  refused(model, ErrorCode::unsupported, "blk.0.ffn_gate.0.weight: ", "blk.0.ffn_gate_exps.weight");
}

BOOST_AUTO_TEST_SUITE_END()
