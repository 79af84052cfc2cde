// Every key of every architecture with values that it cannot have.
#include <boost/test/unit_test.hpp>

#include <limits>
#include <set>

#include "quipu/error.h"
#include "quipu/model.h"
#include "quipu/registry.h"
#include "support/model_copy.h"
#include "support/peak_memory.h"
#include "support/temporary_folder.h"

using quipu::ErrorCode;
using quipu::test::ModelCopy;

namespace {

const std::string families[] = {"chatglm",  "exaone", "gemma3", "llama", "llama4",  "minicpm",
                                "mistral3", "orion",  "qwen",   "qwen2", "qwen2moe"};

// Qwen2-MoE reads feed_forward_length only where a file lacks the sizes of its experts, and Gemma 3
// takes value_length to be key_length.
bool may_be_zero(const std::string& key) {
  return key.ends_with(".context_length") || key == "gemma3.attention.sliding_window";
}
// Factors of any sign.
const std::set<std::string> any_sign{
    "minicpm.embedding_scale", "minicpm.residual_scale", "minicpm.logit_scale",
    "mistral3.rope.scaling.yarn_log_multiplier", "mistral3.attention.temperature_scale"};
const std::set<std::string> not_read{"gemma3.attention.value_length",
                                     "qwen2moe.feed_forward_length"};

const char* epsilon_of(const std::string& family) {
  return family == "orion" ? ".attention.layer_norm_epsilon" : ".attention.layer_norm_rms_epsilon";
}

struct Fixture {
  ModelCopy copy(const std::string& family) {
    const auto path = std::filesystem::path(QUIPU_TEST_DATA) / "models" / (family + ".gguf");
    return ModelCopy(*quipu::ModelFile::open(path, registry));
  }

  // What making the model fails with, or "" when it is made.
  std::string objection(const ModelCopy& model) {
    model.write(folder / "m.gguf");
    try {
      quipu::Model::make(quipu::ModelFile::open(folder / "m.gguf", registry), registry);
      return "";
    } catch (const quipu::Error& error) {
      BOOST_TEST((error.code() == ErrorCode::invalid || error.code() == ErrorCode::unsupported));
      BOOST_TEST_MESSAGE(error.what());
      return error.what();
    }
  }

  void refused(const ModelCopy& model, const std::string& key, const std::string& why) {
    const std::string found = objection(model);
    BOOST_TEST(found.starts_with(key + ": expected "),
               key << " of " << why << ": '" << found << "'");
  }

  template <class Value>
  void refused_with(const ModelCopy& whole, const std::string& key, const Value& value,
                    const std::string& why) {
    ModelCopy model = whole;
    model.set(key, value);
    refused(model, key, why);
  }

  // Keys of the architecture's own, as they stand in the file.
  std::vector<std::string> keys_of(const ModelCopy& model, const std::string& family,
                                   std::uint32_t type) {
    model.write(folder / "m.gguf");
    const auto file = quipu::ModelFile::open(folder / "m.gguf", registry);
    std::vector<std::string> keys;
    for (const std::string& key : model.keys())
      if (key.starts_with(family + ".") && !not_read.contains(key) &&
          file->metadata().find(key)->type == type)
        keys.push_back(key);
    return keys;
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(metadata, Fixture)

BOOST_AUTO_TEST_CASE(values_of_another_type_are_refused) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (const std::uint32_t type : {QUIPU_VALUE_UNSIGNED, QUIPU_VALUE_FLOAT})
      for (const std::string& key : keys_of(whole, family, type)) {
        refused_with(whole, key, std::string("4"), "a string");
        refused_with(whole, key, true, "a boolean");
        refused_with(whole, key, std::vector<std::uint32_t>{4, 4}, "an array");
        if (type == QUIPU_VALUE_UNSIGNED) refused_with(whole, key, 4.0f, "a float");
      }
  }
}

BOOST_AUTO_TEST_CASE(counts_out_of_range_are_refused) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (const std::string& key : keys_of(whole, family, QUIPU_VALUE_UNSIGNED)) {
      refused_with(whole, key, -1, "-1");
      refused_with(whole, key, std::numeric_limits<std::int64_t>::min(), "-2^63");
      refused_with(whole, key, std::numeric_limits<std::uint32_t>::max(), "2^32 - 1");
      refused_with(whole, key, std::uint64_t{1} << 32 | 4, "2^32 + 4");
      refused_with(whole, key, std::numeric_limits<std::uint64_t>::max(), "2^64 - 1");
      if (!may_be_zero(key)) refused_with(whole, key, 0u, "0");
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none_or_have_the_wrong_sign_are_refused) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (const std::string& key : keys_of(whole, family, QUIPU_VALUE_FLOAT)) {
      refused_with(whole, key, std::numeric_limits<float>::quiet_NaN(), "NaN");
      refused_with(whole, key, std::numeric_limits<float>::infinity(), "infinity");
      refused_with(whole, key, -std::numeric_limits<float>::infinity(), "minus infinity");
      refused_with(whole, key, 1e300, "1e300");
      if (!any_sign.contains(key)) refused_with(whole, key, -1.0f, "-1");
    }
  }
}

BOOST_AUTO_TEST_CASE(heads_that_do_not_divide_what_they_must_are_refused) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    refused_with(whole, family + ".attention.head_count_kv", 3u, "3, where there are 4 heads");
    refused_with(whole, family + ".attention.head_count_kv", 8u, "8, where there are 4 heads");
    // Widths of heads that a file states need not be the width over the heads.
    if (family == "gemma3" || family == "mistral3") continue;
    for (const std::uint32_t heads : {6u, 64u, 16384u}) {
      ModelCopy model = whole;
      model.set(family + ".attention.head_count_kv", 1u);
      refused_with(model, family + ".attention.head_count", heads, std::to_string(heads));
    }
  }
}

BOOST_AUTO_TEST_CASE(experts_in_use_are_among_the_experts) {
  const ModelCopy whole = copy("qwen2moe");

  refused_with(whole, "qwen2moe.expert_used_count", 7u, "7 of 6");
}

BOOST_AUTO_TEST_CASE(keys_that_an_architecture_needs_are_named_when_they_are_missing) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (const char* const key : {".block_count", ".embedding_length", ".feed_forward_length",
                                  ".attention.head_count", epsilon_of(family)}) {
      if (family == "qwen2moe" && key == std::string(".feed_forward_length")) continue;
      ModelCopy model = whole;
      refused(model.erase(family + key), family + key, "nothing");
    }
  }
}

// Sizes within the range of their keys that the tensors do not have: a tensor is named, and what is
// meant is not made.
BOOST_AUTO_TEST_CASE(large_sizes_that_the_tensors_contradict_are_refused) {
  const std::size_t memory_before = quipu::test::peak_memory();
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint32_t>>{{".block_count", 4096},
                                                            {".embedding_length", 1u << 30},
                                                            {".feed_forward_length", 1u << 30},
                                                            {".vocab_size", 1u << 30}}) {
      if (family == "qwen2moe" && key == ".feed_forward_length") continue;
      ModelCopy model = whole;
      const std::string found = objection(model.set(family + key, value));
      BOOST_TEST(found.find(".weight: expected ") != std::string::npos,
                 family << key << ": '" << found << "'");
    }
  }
  if (quipu::test::peak_memory_is_known)
    BOOST_TEST(quipu::test::peak_memory() - memory_before < 64u << 20);
}

BOOST_AUTO_TEST_CASE(all_keys_that_are_wrong_are_listed) {
  for (const std::string& family : families) {
    ModelCopy model = copy(family);
    model.erase(family + ".block_count")
        .set(family + ".embedding_length", "wide")
        .set(family + ".attention.head_count_kv", 3u)
        .set(family + epsilon_of(family), -1.0f)
        .set(family + ".rope.freq_base", true);
    model.write(folder / "m.gguf");

    const auto report =
        quipu::Model::examine(*quipu::ModelFile::open(folder / "m.gguf", registry), registry);

    const char* const keys[] = {".block_count", ".embedding_length", ".attention.head_count_kv",
                                epsilon_of(family), ".rope.freq_base"};
    BOOST_TEST(report.problems.size() == std::size(keys));
    for (std::size_t i = 0; i < std::min(report.problems.size(), std::size(keys)); ++i)
      BOOST_TEST(report.problems[i].starts_with(family + keys[i] + ": expected "),
                 report.problems[i]);
  }
}

BOOST_AUTO_TEST_CASE(rope_with_values_that_no_rope_has_is_refused) {
  for (const std::string& family : families) {
    const ModelCopy whole = copy(family);
    const auto key = [&](const char* name) { return family + ".rope." + name; };
    for (const std::uint32_t odd : {0u, 3u, 1024u})
      refused_with(whole, key("dimension_count"), odd, std::to_string(odd));
    refused_with(whole, key("freq_base"), 0.0f, "0");
    for (const char* const kind : {"linear", "yarn"}) {
      ModelCopy model = whole;
      model.set(key("scaling.type"), kind);
      for (const float factor : {0.0f, -2.0f})
        refused_with(model, key("scaling.factor"), factor, std::to_string(factor));
    }
    refused_with(whole, key("scaling.type"), 7u, "a number");
    refused_with(whole, key("scaling.type"), std::string("spiral"), "spiral");
  }
}

BOOST_AUTO_TEST_SUITE_END()
