// Damaged and malicious files: those of the shared generator, as far as opening and validation
// must judge them, and one of each kind made here.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "quipu/error.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::test::bytes_of;
using quipu::test::GgufWriter;
namespace json = boost::json;

namespace {

constexpr std::uint32_t f32 = 0;

struct Fixture {
  // Why opening or validation refuses the file, or "".
  std::string objection(const std::filesystem::path& path) {
    try {
      quipu::validate(*quipu::ModelFile::open(path, registry), registry);
      return "";
    } catch (const quipu::Error& error) {
      return error.what();
    }
  }

  std::string objection(const std::string& bytes) {
    const auto path = folder / "hostile.gguf";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    return objection(path);
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

GgufWriter base() {
  GgufWriter writer;
  writer.add("general.architecture", "llama");
  writer.add_tensor("w", {4, 4}, std::vector<float>(16, 1.0f));
  return writer;
}

std::string patched(std::string file, std::size_t at, std::string_view bytes) {
  return file.replace(at, bytes.size(), bytes);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hostile, Fixture)

BOOST_AUTO_TEST_CASE(one_file_of_each_kind_is_refused) {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  const std::string good = base().bytes();
  GgufWriter many_keys = base(), nested = base(), twice = base(), uneven, far, wraps;
  many_keys.key_count = (std::uint64_t{1} << 58) + 19;
  nested.add_raw("n", 9, bytes_of<std::uint32_t>(9) + bytes_of<std::uint64_t>(1));
  twice.add_tensor("w", {1}, {1.0f});
  far.add_tensor("w", {4}, f32, std::string(16, '\0'), 1 << 30);
  wraps.add_tensor("w", {4}, f32, std::string(16, '\0'), most - 63);
  uneven.add_tensor("w", {std::uint64_t{1} << 31, std::uint64_t{1} << 31}, f32,
                    std::string(64, '\0'));

  BOOST_REQUIRE_EQUAL(objection(good), "");
  for (const std::string& file :
       {std::string(), std::string("GGUF"), good.substr(0, 23), good.substr(0, good.size() - 1),
        patched(good, 0, "FUGG"), patched(good, 4, bytes_of<std::uint32_t>(4)),
        patched(good, 24, bytes_of(most)), many_keys.bytes(), nested.bytes(), twice.bytes(),
        far.bytes(), wraps.bytes(), uneven.bytes(), base().add("", 1).bytes(),
        base().add("general.alignment", 0u).bytes()})
    BOOST_TEST(objection(file) != "");
}

BOOST_AUTO_TEST_CASE(the_shared_hostile_files_get_their_verdicts) {
  const std::filesystem::path generator =
      std::filesystem::path(QUIPU_SHARED_DATA) / "hostile" / "hostile_gguf.py";
  const std::string command = "python3 '" + generator.string() + "' --special --out '" +
                              folder.path().string() + "' >/dev/null 2>&1";
  if (!std::filesystem::exists(generator) || std::system(command.c_str()) != 0) {
    BOOST_TEST_MESSAGE("skipped: no ../shared/hostile, or no python3 to run it");
    return;
  }
  std::ifstream in(folder / "open" / "manifest.json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};

  std::size_t judged = 0;
  const json::value manifest = json::parse(text);
  for (const json::value& each : manifest.at("cases").as_array()) {
    const std::string name(each.at("name").as_string());
    const std::string expected(each.at("expected").as_string());
    const std::string why = objection(folder / "open" / std::string(each.at("file").as_string()));
    BOOST_TEST_MESSAGE(name << ": " << (why.empty() ? "taken" : quipu::printable(why)));
    // What only loading or running must refuse may pass here.
    const bool must_refuse = expected == "must_reject" && each.at("stage").as_string() == "open";
    if (must_refuse) BOOST_TEST(why != "", name << ": taken, and must be refused");
    if (expected == "must_accept") BOOST_TEST(why == "", name << ": " << why);
    ++judged;
  }

  BOOST_TEST(judged > 100u);
}

BOOST_AUTO_TEST_SUITE_END()
