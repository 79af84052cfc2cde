// What is written reads back the same, and nothing half-written is ever seen.
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

#include "quipu/error.h"
#include "quipu/model_writer.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::ModelFile;
using quipu::ModelWriter;
using quipu::NewModel;
using quipu::test::GgufWriter;
using quipu::test::TemporaryFolder;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

auto code_is(ErrorCode code) {
  return [code](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == code;
  };
}

struct Fixture {
  std::shared_ptr<const ModelFile> open(const std::string& name) {
    return ModelFile::open(folder / name, registry);
  }

  // Writes the model with byte n of its data being n, in pieces of seven bytes.
  void write(const std::string& name, const NewModel& model) {
    ModelWriter writer(folder / name, model, registry);
    std::uint64_t total = 0;
    for (const auto& tensor : model.tensors) total += tensor.bytes;
    std::vector<std::byte> data(total);
    for (std::size_t i = 0; i < total; ++i) data[i] = static_cast<std::byte>(i);
    for (std::span<const std::byte> rest = data; !rest.empty();) {
      const auto piece = rest.first(std::min<std::size_t>(rest.size(), 7));
      writer.append(piece);
      rest = rest.subspan(piece.size());
    }
    writer.finish();
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  TemporaryFolder folder;
};

const std::vector<quipu::NewTensor> three_tensors = {{"a", "gguf:0", {3, 2}, 24, 0},
                                                     {"b", "gguf:8", {32}, 34, 0},
                                                     {"c", "gguf:0", {1, 1, 1, 2}, 8, 0}};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gguf_writer, Fixture)

BOOST_AUTO_TEST_CASE(what_is_written_reads_back) {
  NewModel model;
  model.keys = {{"general.architecture", std::string("llama")},
                {"small", std::uint64_t{7}},
                {"large", std::uint64_t{1} << 40},
                {"number", 0.5},
                {"flag", true},
                {"names", std::vector<std::string>{"one", "", "three"}}};
  model.tensors = three_tensors;
  write("m.gguf", model);

  const auto file = open("m.gguf");
  const auto& keys = file->metadata();
  BOOST_TEST(file->container() == "GGUF v3");
  BOOST_TEST(keys.size() == 6u);
  BOOST_TEST(file->architecture() == "llama");
  BOOST_TEST(keys.integer("small").value() == 7);
  BOOST_TEST(keys.integer("large").value() == std::int64_t{1} << 40);
  BOOST_TEST(keys.number("number").value() == 0.5);
  BOOST_TEST(keys.flag("flag").value());
  const auto names = keys.texts("names").value();
  BOOST_REQUIRE(names.size() == 3u);
  BOOST_TEST(names[2] == "three");
  BOOST_REQUIRE(file->tensors().size() == 3u);
  std::size_t first = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& tensor = file->tensors()[i];
    BOOST_TEST(tensor.name == three_tensors[i].name);
    BOOST_TEST(tensor.type == three_tensors[i].type);
    BOOST_TEST(tensor.shape == three_tensors[i].shape, boost::test_tools::per_element());
    BOOST_TEST(tensor.offset % 32 == 0u);
    for (std::size_t byte = 0; byte < three_tensors[i].bytes; ++byte)
      BOOST_REQUIRE(tensor.data[byte] == static_cast<std::byte>(first + byte));
    first += three_tensors[i].bytes;
  }
}

BOOST_AUTO_TEST_CASE(a_copy_keeps_every_key_as_it_is_stored) {
  GgufWriter source;
  source.align(64).add("general.architecture", "llama");
  source.add("byte", std::uint8_t{3}).add("long", std::uint64_t{3}).add("double", 0.1);
  source.add_array<std::int16_t>("shorts", {-1, 2}).add_array<std::string>("texts", {"a", "b"});
  source.add_tensor("t", {16}, std::vector<float>(16, 1.0f));
  source.write(folder / "source.gguf");

  const auto file = open("source.gguf");
  const auto& mixes = *file->table();
  const quipu_mix* copy = nullptr;
  for (std::uint32_t i = 0; i < mixes.mix_count; ++i)
    if (!mixes.mixes[i].type) copy = &mixes.mixes[i];
  BOOST_REQUIRE(copy);
  NewModel model;
  model.source = file.get();
  model.mix = copy;
  model.tensors = {{"t", "gguf:0", {16}, 64, 0}};
  ModelWriter writer(folder / "copy.gguf", model, registry);
  writer.append({file->tensors()[0].data, 64});
  writer.finish();
  BOOST_TEST(contents(folder / "copy.gguf") == contents(folder / "source.gguf"));
}

BOOST_AUTO_TEST_CASE(keys_are_replaced_in_place_and_stale_ones_go) {
  GgufWriter source;
  source.add("general.architecture", "llama").add("general.file_type", std::uint32_t{1});
  source.add("split.count", std::uint16_t{0}).add("last", std::uint32_t{1});
  source.add_tensor("t", {1}, {1});
  source.write(folder / "source.gguf");

  const auto file = open("source.gguf");
  NewModel model;
  model.source = file.get();
  model.keys = {{"general.architecture", std::string("gpt2")}, {"new", true}};
  model.tensors = {{"t", "gguf:0", {1}, 4, 0}};
  write("m.gguf", model);
  const auto written = open("m.gguf");
  std::string names;
  for (std::size_t i = 0; i < written->metadata().size(); ++i)
    names += std::string(written->metadata().at(i).first) + " ";
  BOOST_TEST(names == "general.architecture last general.quantization_version new ");
  BOOST_TEST(written->architecture() == "gpt2");
}

BOOST_AUTO_TEST_CASE(parts_are_named_and_numbered) {
  NewModel model;
  model.keys = {{"general.architecture", std::string("llama")}};
  model.tensors = three_tensors;
  model.tensors[1].part = 2;
  model.tensors[2].part = 2;
  model.part_count = 4;  // the second and the last are empty
  write("m.gguf", model);
  BOOST_TEST(!std::filesystem::exists(folder / "m.gguf"));
  const auto file = open("m-00001-of-00004.gguf");
  BOOST_TEST(file->parts().size() == 4u);
  BOOST_REQUIRE(file->tensors().size() == 3u);
  BOOST_TEST(file->tensors()[2].part == 2u);
  BOOST_TEST((file->tensors()[2].data[0] == std::byte{24 + 34}));
  BOOST_TEST(file->metadata().integer("split.tensors.count").value() == 3);
}

BOOST_AUTO_TEST_CASE(the_old_file_stays_until_the_new_one_is_whole) {
  std::ofstream(folder / "m.gguf") << "old";
  NewModel model;
  model.tensors = three_tensors;
  {
    ModelWriter writer(folder / "m.gguf", model, registry);
    writer.append(std::vector<std::byte>(65));
    BOOST_CHECK_THROW(writer.finish(), Error);
    BOOST_TEST(contents(folder / "m.gguf") == "old");
  }
  BOOST_TEST(contents(folder / "m.gguf") == "old");
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  write("m.gguf", model);
  BOOST_TEST(open("m.gguf")->tensors().size() == 3u);
}

BOOST_AUTO_TEST_CASE(bytes_beyond_the_tensors_are_refused) {
  NewModel model;
  model.tensors = three_tensors;
  ModelWriter writer(folder / "m.gguf", model, registry);
  BOOST_CHECK_THROW(writer.append(std::vector<std::byte>(67)), Error);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_refused_with_its_name) {
  NewModel model;
  model.tensors = {{"t", "other:0", {1}, 4, 0}};
  BOOST_CHECK_EXCEPTION(ModelWriter(folder / "m.gguf", model, registry), Error,
                        code_is(ErrorCode::unsupported));
  model.tensors = {{std::string(65, 'x'), "gguf:0", {1}, 4, 0}};
  BOOST_CHECK_EXCEPTION(ModelWriter(folder / "m.gguf", model, registry), Error,
                        code_is(ErrorCode::invalid));
  model.tensors = three_tensors;
  BOOST_CHECK_EXCEPTION(ModelWriter(folder / "m.unheard", model, registry), Error,
                        code_is(ErrorCode::unsupported));
  BOOST_CHECK_EXCEPTION(ModelWriter(folder / "nowhere" / "m.gguf", model, registry), Error,
                        code_is(ErrorCode::io));
  std::filesystem::create_directory(folder / "d.gguf");
  BOOST_CHECK_EXCEPTION(ModelWriter(folder / "d.gguf", model, registry), Error,
                        code_is(ErrorCode::io));
}

BOOST_AUTO_TEST_SUITE_END()
