// Conversions: the bytes are the codec's, whatever the number of threads, and what makes no sense
// is refused before anything is written.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <iterator>

#include "quipu/error.h"
#include "quipu/quantize.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::ModelFile;
using quipu::Quantization;
using quipu::QuantizeOptions;
using quipu::test::GgufWriter;
using quipu::test::TemporaryFolder;

namespace {

std::vector<float> waves(std::size_t count, float step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i) * step);
  return values;
}

// Enough rows that several chunks share the work, and two experts.
GgufWriter small_model() {
  GgufWriter file;
  file.add("general.architecture", "llama").add("general.file_type", std::uint32_t{0});
  file.add("llama.block_count", std::uint32_t{1});
  file.add_tensor("output.weight", {256, 300}, waves(256 * 300, 0.37f));
  file.add_tensor("blk.0.ffn_up_exps.weight", {512, 3, 2}, waves(512 * 6, 0.11f));
  file.add_tensor("blk.0.attn_norm.weight", {256}, waves(256, 0.5f));
  return file;
}

struct Fixture {
  Fixture() { small_model().write(folder / "in.gguf"); }

  std::shared_ptr<const ModelFile> open(const std::string& name) {
    return ModelFile::open(folder / name, registry);
  }
  void convert(const std::string& from, const std::string& to, QuantizeOptions options) {
    Quantization(open(from), std::move(options), registry).write(folder / to);
  }

  std::vector<std::byte> bytes(const quipu::TensorEntry& tensor) {
    const quipu_codec& codec = registry.codec(tensor.type);
    std::uint64_t weights = 1;
    for (const auto axis : tensor.shape) weights *= axis;
    return {tensor.data, tensor.data + weights / codec.block_columns * codec.block_bytes};
  }

  // The bytes that the codec makes of rows of floats.
  std::vector<std::byte> quantised(const quipu_codec& codec, const float* x, std::uint64_t rows,
                                   std::uint64_t columns, const float* importance) {
    std::vector<std::byte> out(rows * columns / codec.block_columns * codec.block_bytes);
    BOOST_REQUIRE(codec.quantize(x, rows, columns, importance, out.data()) == QUIPU_OK);
    return out;
  }

  void refused(QuantizeOptions options, ErrorCode code, const std::string& part,
               const std::string& from = "in.gguf") {
    BOOST_CHECK_EXCEPTION(
        convert(from, "out.gguf", std::move(options)), Error, [&](const Error& error) {
          BOOST_TEST_MESSAGE(error.what());
          return error.code() == code && std::string(error.what()).find(part) != std::string::npos;
        });
    BOOST_TEST(!std::filesystem::exists(folder / "out.gguf"));
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(quantize, Fixture)

BOOST_AUTO_TEST_CASE(tensors_hold_what_their_codec_writes_for_any_number_of_threads) {
  for (const std::uint32_t threads : {1u, 2u, 5u}) {
    convert("in.gguf", "out.gguf", {.format = "Q4_K", .threads = threads});
    const auto file = open("out.gguf");
    const auto& output = file->tensors()[0];
    const auto& up = file->tensors()[1];
    BOOST_TEST(registry.codec(output.type).name == std::string("q6_k"));
    BOOST_TEST(registry.codec(up.type).name == std::string("q4_k"));
    BOOST_TEST((bytes(output) == quantised(registry.codec(output.type),
                                           waves(256 * 300, 0.37f).data(), 300, 256, nullptr)));
    BOOST_TEST((bytes(up) ==
                quantised(registry.codec(up.type), waves(512 * 6, 0.11f).data(), 6, 512, nullptr)));
    BOOST_TEST(file->tensors()[2].type == "gguf:0");
    BOOST_TEST((bytes(file->tensors()[2]) == bytes(open("in.gguf")->tensors()[2])));
    BOOST_TEST(file->metadata().integer("general.file_type").value() == 15);
    BOOST_TEST(file->metadata().integer("general.quantization_version").value() == 2);
  }
}

BOOST_AUTO_TEST_CASE(every_expert_has_its_own_importance) {
  QuantizeOptions options{.format = "q4_0", .pure = true};
  std::vector<float> importance = waves(1024, 0.7f);
  for (float& value : importance) value = value * value + 0.01f;
  options.importance["blk.0.ffn_up_exps.weight"] = importance;
  convert("in.gguf", "out.gguf", options);
  const auto file = open("out.gguf");
  const auto& up = file->tensors()[1];
  const quipu_codec& codec = registry.codec(up.type);
  const auto x = waves(512 * 6, 0.11f);
  auto expected = quantised(codec, x.data(), 3, 512, importance.data());
  const auto second = quantised(codec, x.data() + 3 * 512, 3, 512, importance.data() + 512);
  expected.insert(expected.end(), second.begin(), second.end());
  BOOST_TEST((bytes(up) == expected));
  BOOST_TEST((bytes(up) != quantised(codec, x.data(), 6, 512, nullptr)));
}

BOOST_AUTO_TEST_CASE(floats_are_had_back_from_any_file) {
  convert("in.gguf", "blocks.gguf", {.format = "q5_0"});
  convert("blocks.gguf", "floats.gguf", {.format = "f32"});
  const auto blocks = open("blocks.gguf"), floats = open("floats.gguf");
  for (std::size_t i = 0; i < blocks->tensors().size(); ++i) {
    const auto& from = blocks->tensors()[i];
    const auto& to = floats->tensors()[i];
    BOOST_TEST(to.type == "gguf:0");
    std::vector<float> expected(bytes(to).size() / sizeof(float));
    registry.codec(from.type).dequantize(from.data, expected.size(), expected.data());
    BOOST_TEST(std::memcmp(expected.data(), to.data, expected.size() * sizeof(float)) == 0);
  }
  convert("blocks.gguf", "half.gguf", {.format = "bf16"});
  BOOST_TEST(open("half.gguf")->tensors()[0].type == "gguf:30");
}

BOOST_AUTO_TEST_CASE(patterns_pick_tensors_before_the_mix_does) {
  QuantizeOptions options{.format = "q4_0"};
  options.tensors = {{"ffn_up", "Q8_0"}, {"ffn|output", "q5_1"}};
  convert("in.gguf", "out.gguf", options);
  const auto file = open("out.gguf");
  BOOST_TEST(file->tensors()[0].type == "gguf:7");
  BOOST_TEST(file->tensors()[1].type == "gguf:8");
}

BOOST_AUTO_TEST_CASE(a_codec_without_a_mix_is_a_format_too) {
  convert("in.gguf", "out.gguf", {.format = "nvfp4", .pure = true});
  const auto file = open("out.gguf");
  BOOST_TEST(file->tensors()[0].type == "gguf:40");
  BOOST_TEST(!file->metadata().integer("general.file_type").has_value());
}

BOOST_AUTO_TEST_CASE(parts_are_joined_or_kept) {
  for (const bool first : {true, false}) {
    GgufWriter part;
    if (first) part.add("general.architecture", "llama");
    part.add("split.no", std::uint16_t(!first)).add("split.count", std::uint16_t{2});
    part.add("split.tensors.count", 2);
    part.add_tensor(first ? "a.weight" : "b.weight", {32, 2}, waves(64, 0.3f));
    part.write(folder / (first ? "s-00001-of-00002.gguf" : "s-00002-of-00002.gguf"));
  }
  convert("s-00001-of-00002.gguf", "joined.gguf", {.format = "q8_0"});
  BOOST_TEST(open("joined.gguf")->tensors().size() == 2u);
  BOOST_TEST(!open("joined.gguf")->metadata().integer("split.count").has_value());
  convert("s-00001-of-00002.gguf", "kept.gguf", {.format = "q8_0", .keep_parts = true});
  const auto kept = open("kept-00001-of-00002.gguf");
  BOOST_TEST(kept->parts().size() == 2u);
  BOOST_TEST((bytes(kept->tensors()[1]) == bytes(open("joined.gguf")->tensors()[1])));
}

BOOST_AUTO_TEST_CASE(whole_numbers_stay) {
  GgufWriter writer = small_model();
  writer.add_tensor("table.weight", {64, 2}, 26, std::string(512, '\1'));
  writer.write(folder / "table.gguf");
  for (const char* format : {"q8_0", "f32"}) {
    convert("table.gguf", "out.gguf", {.format = format});
    BOOST_TEST(open("out.gguf")->tensor("table.weight")->type == "gguf:26");
  }
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_refused) {
  refused({.format = "q4_z"}, ErrorCode::usage, "expected a mix (f32");
  refused({.format = "q4_0", .tensors = {{"nothing", "q8_0"}}}, ErrorCode::usage, "'nothing'");
  refused({.format = "q4_0", .tensors = {{"(", "q8_0"}}}, ErrorCode::usage, "pattern '('");
  refused({.format = "q4_0", .tensors = {{"ffn", "q4_k_m"}}}, ErrorCode::usage, "q4_k_m");
  refused({.format = "iq2_xs"}, ErrorCode::usage, "importance");
  convert("in.gguf", "blocks.gguf", {.format = "q8_0"});
  refused({.format = "q4_0"}, ErrorCode::usage, "allow requantising", "blocks.gguf");
  convert("blocks.gguf", "again.gguf", {.format = "q4_0", .requantize = true});

  QuantizeOptions wrong{.format = "q4_k", .pure = true};
  wrong.importance["output.weight"] = std::vector<float>(255, 1.0f);
  refused(wrong, ErrorCode::invalid, "expected importance of 256 columns, found 255");
  wrong.importance["output.weight"] = std::vector<float>(256, -1.0f);
  refused(wrong, ErrorCode::invalid, "output.weight");
}

BOOST_AUTO_TEST_CASE(weights_that_are_no_numbers_are_named) {
  GgufWriter writer = small_model();
  auto values = waves(32 * 100, 0.1f);
  values[32 * 70 + 5] = NAN;
  writer.add_tensor("blk.0.attn_v.weight", {32, 100}, values);
  writer.write(folder / "nan.gguf");
  refused({.format = "q8_0"}, ErrorCode::invalid, "blk.0.attn_v.weight", "nan.gguf");
}

BOOST_AUTO_TEST_CASE(stopping_leaves_nothing) {
  QuantizeOptions options{.format = "q8_0"};
  std::uint64_t calls = 0;
  options.progress = [&](const quipu::QuantizeProgress&) { return ++calls < 2; };
  refused(options, ErrorCode::cancelled, "");
  BOOST_TEST(calls == 2u);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()
