// Importance matrices in both forms, whole and damaged.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <fstream>

#include "quipu/error.h"
#include "quipu/importance.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::Importance;
using quipu::test::bytes_of;
using quipu::test::GgufWriter;
using quipu::test::TemporaryFolder;

namespace {

std::string text(const std::string& value) {
  return bytes_of(static_cast<std::int32_t>(value.size())) + value;
}

std::string old_entry(const std::string& name, std::int32_t calls,
                      const std::vector<float>& values) {
  std::string out =
      text(name) + bytes_of(calls) + bytes_of(static_cast<std::int32_t>(values.size()));
  for (const float value : values) out += bytes_of(value);
  return out;
}

std::string old_file() {
  return bytes_of(std::int32_t{2}) + old_entry("blk.0.attn_v.weight", 4, {4, 8, 2}) +
         old_entry("blk.0.ffn_up_exps.weight", 0, {1, 2, 3, 4}) + bytes_of(std::int32_t{7}) +
         text("wiki.txt");
}

GgufWriter new_file() {
  GgufWriter file;
  file.add("general.type", "imatrix").add_array<std::string>("imatrix.datasets", {"wiki.txt"});
  file.add("imatrix.chunk_count", 7u).add("imatrix.chunk_size", 512u);
  return file;
}

struct Fixture {
  Importance read(const std::string& bytes) {
    std::ofstream(folder / "m", std::ios::binary) << bytes;
    return Importance::read(folder / "m", registry);
  }
  void refused(const std::string& bytes, const std::string& part) {
    BOOST_CHECK_EXCEPTION(read(bytes), Error, [&](const Error& error) {
      BOOST_TEST_MESSAGE(error.what());
      return error.code() == ErrorCode::invalid &&
             std::string(error.what()).find(part) != std::string::npos;
    });
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(importance, Fixture)

BOOST_AUTO_TEST_CASE(the_old_form_holds_means_times_calls) {
  const Importance importance = read(old_file());
  BOOST_TEST(importance.chunk_count == 7u);
  BOOST_REQUIRE(importance.datasets.size() == 1u);
  BOOST_TEST(importance.datasets[0] == "wiki.txt");
  const auto columns = importance.columns();
  BOOST_TEST(columns.at("blk.0.attn_v.weight") == (std::vector<float>{1, 2, 0.5}),
             boost::test_tools::per_element());
  BOOST_TEST(columns.at("blk.0.ffn_up_exps.weight") == (std::vector<float>{1, 2, 3, 4}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_old_form_may_end_after_its_entries) {
  const std::string whole = old_file();
  const std::size_t end = whole.size() - text("wiki.txt").size();
  BOOST_TEST(read(whole.substr(0, end)).chunk_count == 7u);
  BOOST_TEST(read(whole.substr(0, end - 4)).chunk_count == 0u);
}

BOOST_AUTO_TEST_CASE(the_gguf_form_has_a_count_for_every_matrix) {
  GgufWriter file = new_file();
  file.add_tensor("blk.0.ffn_up_exps.weight.in_sum2", {2, 3}, {2, 4, 6, 9, 5, 5});
  file.add_tensor("blk.0.ffn_up_exps.weight.counts", {1, 3}, {2, 3, 0});
  const Importance importance = read(file.bytes());
  BOOST_TEST(importance.chunk_size == 512u);
  BOOST_TEST(importance.columns().at("blk.0.ffn_up_exps.weight") ==
                 (std::vector<float>{1, 2, 2, 3, 1, 1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back) {
  Importance importance = read(old_file());
  importance.weights["blk.1.ffn_up_exps.weight"] = {{1, 2, 3, 4}, {5, 6}};
  importance.write(folder / "m.gguf", registry);
  const Importance back = Importance::read(folder / "m.gguf", registry);
  BOOST_TEST(back.chunk_count == importance.chunk_count);
  BOOST_TEST(back.datasets == importance.datasets, boost::test_tools::per_element());
  BOOST_TEST(back.weights.size() == 3u);
  for (const auto& [name, weight] : importance.weights) {
    BOOST_TEST(back.weights.at(name).sums == weight.sums, boost::test_tools::per_element());
    BOOST_TEST(back.weights.at(name).counts == weight.counts, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(damage_is_named) {
  const std::string whole = old_file();
  for (std::size_t size = 12; size < whole.size(); ++size) {
    // Where the file may end, it reads; everywhere else it says so.
    try {
      read(whole.substr(0, size));
    } catch (const Error& error) {
      BOOST_TEST((error.code() == ErrorCode::invalid));
    }
  }
  refused(bytes_of(std::int32_t{1}) + old_entry("blk.0.a", 1, {1, NAN}), "blk.0.a.in_sum2");
  refused(bytes_of(std::int32_t{1}) + old_entry("blk.0.a", 1, {1, -1}), "element 1");
  refused(bytes_of(std::int32_t{1}) + old_entry("blk.0.a", -1, {1}), "calls");
  refused(bytes_of(std::int32_t{1}) + old_entry("blk.0.a", 1, {}), "values");
  refused(bytes_of(std::int32_t{2}) + old_entry("blk.0.a", 1, {1}) + old_entry("blk.0.a", 1, {1}),
          "again");
  refused(bytes_of(std::int32_t{2}) + old_entry("blk.0.a", 1, {1}), "entry 1");

  GgufWriter model;
  model.add("general.architecture", "llama").add_tensor("a.in_sum2", {1}, {1});
  refused(model.bytes(), "expected 'imatrix'");
  refused(new_file().add_tensor("a.in_sum2", {1}, {1}).bytes(), "found one of them");
  refused(new_file()
              .add_tensor("a.in_sum2", {3}, {1, 2, 3})
              .add_tensor("a.counts", {2}, {1, 2})
              .bytes(),
          "each of 2 matrices");
  refused(new_file().add_tensor("other", {1}, {1}).bytes(), "found none");
}

BOOST_AUTO_TEST_SUITE_END()
