// The loader as the core uses it: files, folders, parts.
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include "quipu/error.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::ErrorCode;
using quipu::ModelFile;
using quipu::test::GgufWriter;
using quipu::test::TemporaryFolder;

namespace {

GgufWriter small_model() {
  GgufWriter writer;
  writer.add("general.architecture", "llama");
  writer.add_tensor("a", {2, 2}, {1, 2, 3, 4}).add_tensor("b", {2}, {5, 6});
  return writer;
}

// Part `number` (from 0) of `count`, with one tensor named after it.
GgufWriter part(std::uint16_t number, std::uint16_t count, std::int32_t tensors) {
  GgufWriter writer;
  if (number == 0) writer.add("general.architecture", "llama");
  writer.add("split.no", number).add("split.count", count).add("split.tensors.count", tensors);
  const std::string name{'t', static_cast<char>('0' + number)};
  writer.add_tensor(name, {1}, {static_cast<float>(number)});
  return writer;
}

float first_float(const quipu::TensorEntry& tensor) {
  float value;
  std::memcpy(&value, tensor.data, sizeof value);
  return value;
}

struct Fixture {
  std::shared_ptr<const ModelFile> open(const std::filesystem::path& path) {
    return ModelFile::open(path, registry);
  }

  // That it is refused, with that code and a message that holds each of the parts.
  void refused(const std::filesystem::path& path, ErrorCode code,
               std::initializer_list<std::string> parts) {
    BOOST_CHECK_EXCEPTION(open(path), quipu::Error, [&](const quipu::Error& error) {
      BOOST_TEST_MESSAGE(error.what());
      bool all = error.code() == code;
      for (const std::string& each : parts)
        all = all && std::string(error.what()).find(each) != std::string::npos;
      return all;
    });
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gguf_model, Fixture)

BOOST_AUTO_TEST_CASE(a_file_is_opened_with_its_metadata_and_tensors) {
  small_model().write(folder / "m.gguf");

  const auto model = open(folder / "m.gguf");

  BOOST_TEST(model->container() == "GGUF v3");
  BOOST_TEST(model->loader() == "gguf");
  BOOST_TEST(model->architecture() == "llama");
  BOOST_TEST(model->tensors().size() == 2u);
  BOOST_TEST(model->parts().size() == 1u);
  BOOST_TEST(model->parts()[0].bytes == std::filesystem::file_size(folder / "m.gguf"));
  const auto* b = model->tensor("b");
  BOOST_REQUIRE(b);
  BOOST_TEST(b->type == "gguf:0");
  BOOST_TEST(b->shape == (std::vector<std::uint64_t>{2}));
  BOOST_TEST(b->available == 32u);
  BOOST_TEST(first_float(*b) == 5.0f);
  BOOST_TEST(!model->tensor("c"));
}

BOOST_AUTO_TEST_CASE(populating_leaves_the_tensors_as_they_are) {
  small_model().write(folder / "m.gguf");

  const auto model = open(folder / "m.gguf");
  model->populate(3);

  BOOST_TEST(first_float(*model->tensor("a")) == 1.0f);
}

BOOST_AUTO_TEST_CASE(the_parts_of_a_split_model_are_one_model) {
  for (std::uint16_t i = 0; i < 3; ++i)
    part(i, 3, 3).write(folder / ("m-0000" + std::to_string(i + 1) + "-of-00003.gguf"));

  const auto model = open(folder / "m-00001-of-00003.gguf");

  BOOST_TEST(model->parts().size() == 3u);
  BOOST_TEST(model->tensors().size() == 3u);
  BOOST_TEST(model->metadata().size() == 4u);
  BOOST_TEST(model->tensor("t2")->part == 2u);
  BOOST_TEST(first_float(*model->tensor("t2")) == 2.0f);
}

BOOST_AUTO_TEST_CASE(every_missing_part_is_named) {
  part(0, 4, 4).write(folder / "m-00001-of-00004.gguf");
  part(2, 4, 4).write(folder / "m-00003-of-00004.gguf");

  refused(folder / "m-00001-of-00004.gguf", ErrorCode::io,
          {"m-00002-of-00004.gguf", "m-00004-of-00004.gguf"});
}

BOOST_AUTO_TEST_CASE(a_later_part_is_refused_with_the_name_of_the_first) {
  part(1, 2, 2).write(folder / "m-00002-of-00002.gguf");

  refused(folder / "m-00002-of-00002.gguf", ErrorCode::invalid,
          {"part 2 of 2", "-00001-of-00002.gguf"});
}

BOOST_AUTO_TEST_CASE(a_part_under_another_name_is_refused) {
  part(0, 2, 2).write(folder / "model.gguf");

  refused(folder / "model.gguf", ErrorCode::invalid, {"part 1 of 2", "-00001-of-00002.gguf"});
}

BOOST_AUTO_TEST_CASE(a_part_of_another_split_is_refused) {
  part(0, 2, 2).write(folder / "m-00001-of-00002.gguf");
  part(2, 3, 3).write(folder / "m-00002-of-00002.gguf");

  refused(folder / "m-00001-of-00002.gguf", ErrorCode::invalid,
          {"m-00002-of-00002.gguf", "expected part 2 of 2, found part 3 of 3"});
}

BOOST_AUTO_TEST_CASE(parts_that_repeat_a_tensor_are_refused) {
  part(0, 2, 2).write(folder / "m-00001-of-00002.gguf");
  GgufWriter second;
  second.add("split.no", std::uint16_t{1}).add("split.count", std::uint16_t{2});
  second.add_tensor("t0", {1}, {1.0f}).write(folder / "m-00002-of-00002.gguf");

  refused(folder / "m-00001-of-00002.gguf", ErrorCode::invalid, {"tensor 't0'", "found in two"});
}

BOOST_AUTO_TEST_CASE(a_tensor_count_that_the_parts_do_not_have_is_refused) {
  for (std::uint16_t i = 0; i < 2; ++i)
    part(i, 2, 5).write(folder / ("m-0000" + std::to_string(i + 1) + "-of-00002.gguf"));

  refused(folder / "m-00001-of-00002.gguf", ErrorCode::invalid,
          {"split.tensors.count", "expected 5", "found 2"});
}

BOOST_AUTO_TEST_CASE(damage_is_reported_with_file_key_and_byte) {
  small_model().add("general.alignment", 3u).write(folder / "m.gguf");

  refused(folder / "m.gguf", ErrorCode::invalid,
          {(folder / "m.gguf").string(), "'general.alignment'", "at byte"});
}

BOOST_AUTO_TEST_SUITE_END()
