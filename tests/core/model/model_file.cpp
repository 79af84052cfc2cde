// Which paths are models, and what is said of those that are not.
#include "quipu/model_file.h"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <fstream>

#include "quipu/error.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::ErrorCode;
using quipu::ModelFile;
using quipu::test::GgufWriter;

namespace {

struct Fixture {
  void write(const std::filesystem::path& name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }

  std::string model(const std::string& architecture) {
    return GgufWriter().add("general.architecture", architecture).bytes();
  }

  void refused(const std::filesystem::path& path, ErrorCode code, const std::string& part) {
    BOOST_CHECK_EXCEPTION(
        ModelFile::open(path, registry), quipu::Error, [&](const quipu::Error& error) {
          BOOST_TEST_MESSAGE(error.what());
          return error.code() == code && std::string(error.what()).find(part) != std::string::npos;
        });
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(model_file, Fixture)

BOOST_AUTO_TEST_CASE(a_missing_file_is_an_input_error) {
  refused(folder / "absent.gguf", ErrorCode::io, "absent.gguf");
}

BOOST_AUTO_TEST_CASE(a_dangling_link_is_an_input_error) {
  std::filesystem::create_symlink("nowhere.gguf", folder / "link.gguf");

  refused(folder / "link.gguf", ErrorCode::io, "link.gguf");
}

BOOST_AUTO_TEST_CASE(a_file_that_no_loader_knows_is_refused_with_its_first_bytes) {
  write("page.gguf", "<!DOCTYPE html>\n");

  refused(folder / "page.gguf", ErrorCode::invalid, "'<!DOCTYPE html>\\x0a'");
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_refused_as_empty) {
  write("empty.gguf", "");

  refused(folder / "empty.gguf", ErrorCode::invalid, "an empty file");
}

BOOST_AUTO_TEST_CASE(a_fifo_is_refused_without_waiting) {
  BOOST_REQUIRE(::mkfifo((folder / "fifo.gguf").c_str(), 0600) == 0);

  refused(folder / "fifo.gguf", ErrorCode::invalid, "expected a regular file");
}

BOOST_AUTO_TEST_CASE(a_device_is_refused) {
  refused("/dev/zero", ErrorCode::invalid, "expected a regular file");
}

BOOST_AUTO_TEST_CASE(a_folder_that_holds_one_model_is_that_model) {
  write("README.md", "# a model");
  write("weights.gguf", model("knot"));
  std::filesystem::create_directory(folder / "folder.gguf");

  const auto opened = ModelFile::open(folder.path(), registry);

  BOOST_TEST(opened->architecture() == "knot");
  BOOST_TEST(opened->parts()[0].path == folder / "weights.gguf");
}

BOOST_AUTO_TEST_CASE(a_folder_that_holds_the_parts_of_one_model_is_that_model) {
  for (std::uint16_t i = 0; i < 2; ++i)
    write("m-0000" + std::to_string(i + 1) + "-of-00002.gguf",
          GgufWriter().add("split.no", i).add("split.count", std::uint16_t{2}).bytes());

  BOOST_TEST(ModelFile::open(folder.path(), registry)->parts().size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_folder_that_holds_two_models_is_refused_with_their_names) {
  write("a.gguf", model("knot"));
  write("b.gguf", model("knot"));

  refused(folder.path(), ErrorCode::invalid, "found a.gguf and b.gguf");
}

BOOST_AUTO_TEST_CASE(a_folder_without_models_is_refused) {
  write("README.md", "# no model");

  refused(folder.path(), ErrorCode::invalid, "expected a directory that holds a model");
}

BOOST_AUTO_TEST_CASE(the_models_of_a_folder_are_listed_with_damaged_ones_and_first_parts) {
  write("b.gguf", model("knot"));
  write("c.bin", model("knot"));
  write("a.gguf", "damaged");
  write("README.md", "# no model");
  for (std::uint16_t i = 0; i < 2; ++i)
    write("d-0000" + std::to_string(i + 1) + "-of-00002.gguf",
          GgufWriter().add("split.no", i).add("split.count", std::uint16_t{2}).bytes());

  const auto models = ModelFile::in_directory(folder.path(), registry);

  BOOST_TEST((models == std::vector<std::filesystem::path>{folder / "a.gguf", folder / "b.gguf",
                                                           folder / "c.bin",
                                                           folder / "d-00001-of-00002.gguf"}));
  BOOST_CHECK_THROW(ModelFile::in_directory(folder / "absent", registry), quipu::Error);
}

BOOST_AUTO_TEST_CASE(a_model_must_name_its_architecture) {
  write("m.gguf", GgufWriter().bytes());

  BOOST_CHECK_THROW(ModelFile::open(folder / "m.gguf", registry)->architecture(), quipu::Error);
}

BOOST_AUTO_TEST_SUITE_END()
