// Sizes of tensors against their formats and their files.
#include "model/extent.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"
#include "support/temporary_folder.h"

using quipu::ErrorCode;
using quipu::test::GgufWriter;

namespace {

constexpr std::uint32_t f32 = 0, q8_0 = 8, no_such_type = 255;

quipu_codec blocks_of_32_in_34_bytes() {
  quipu_codec codec{};
  codec.size = sizeof codec;
  codec.block_columns = 32;
  codec.block_bytes = 34;
  codec.name = "test";
  codec.type = "gguf:8";
  return codec;
}

quipu::TensorEntry tensor(std::vector<std::uint64_t> shape, std::uint64_t available) {
  return {"t", "gguf:8", std::move(shape), nullptr, available, 0, 0};
}

bool is_about(const quipu::Error& error, ErrorCode code, const std::string& part) {
  BOOST_TEST_MESSAGE(error.what());
  return error.code() == code && std::string(error.what()).find(part) != std::string::npos;
}

void extent_refused(const quipu::TensorEntry& entry, const std::string& part) {
  BOOST_CHECK_EXCEPTION(
      quipu::checked_extent(entry, blocks_of_32_in_34_bytes()), quipu::Error,
      [&](const quipu::Error& error) { return is_about(error, ErrorCode::invalid, part); });
}

struct Fixture {
  void validate(const GgufWriter& writer) {
    writer.write(folder / "m.gguf");
    quipu::validate(*quipu::ModelFile::open(folder / "m.gguf", registry), registry);
  }

  void refused(const GgufWriter& writer, ErrorCode code, const std::string& part) {
    BOOST_CHECK_EXCEPTION(validate(writer), quipu::Error,
                          [&](const quipu::Error& error) { return is_about(error, code, part); });
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_extent_is_blocks_times_their_bytes) {
  const auto extent = quipu::checked_extent(tensor({64, 3, 2}, 408), blocks_of_32_in_34_bytes());

  BOOST_TEST(extent.row_bytes == 68u);
  BOOST_TEST(extent.bytes == 408u);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_no_multiple_of_the_block_is_refused) {
  extent_refused(tensor({33, 32}, 1 << 20), "expected rows of a multiple of 32 columns");
}

BOOST_AUTO_TEST_CASE(a_tensor_one_byte_longer_than_its_file_is_refused) {
  extent_refused(tensor({64, 3, 2}, 407), "expected 408 bytes");
}

BOOST_AUTO_TEST_CASE(a_size_that_overflows_is_refused) {
  const std::uint64_t half = std::uint64_t{1} << 32;
  extent_refused(tensor({half, half}, ~std::uint64_t{0}), "expected a size below 2^64 bytes");
  extent_refused(tensor({std::uint64_t{1} << 63, 2}, ~std::uint64_t{0}), "below 2^64");
}

BOOST_AUTO_TEST_CASE(shapes_are_written_with_the_contiguous_axis_last) {
  const std::uint64_t shape[] = {32, 64};

  BOOST_TEST(quipu::shape_text(shape) == "[64, 32]");
  BOOST_TEST(quipu::shape_text({}) == "[]");
}

BOOST_FIXTURE_TEST_SUITE(validation, Fixture)

BOOST_AUTO_TEST_CASE(a_whole_model_is_valid) {
  GgufWriter writer;
  writer.add_tensor("a", {2, 3}, std::vector<float>(6)).add_tensor("b", {8}, std::vector<float>(8));
  writer.add_tensor("c", {32, 2}, q8_0, std::string(68, '\0'));

  BOOST_CHECK_NO_THROW(validate(writer));
}

BOOST_AUTO_TEST_CASE(a_type_without_a_codec_is_unsupported_with_the_places_searched) {
  GgufWriter writer;
  writer.add_tensor("a", {32}, no_such_type, std::string(32, '\0'));

  refused(writer, ErrorCode::unsupported, "a: no codec for gguf:255");
  refused(writer, ErrorCode::unsupported, "searched");
}

BOOST_AUTO_TEST_CASE(all_tensors_are_checked_and_the_first_problem_is_told) {
  GgufWriter writer;
  writer.add_tensor("unknown", {32}, no_such_type, std::string(32, '\0'));
  writer.add_tensor("uneven", {33}, q8_0, std::string(64, '\0'));
  writer.add_tensor("long", {1 << 20}, f32, std::string(32, '\0'));

  refused(writer, ErrorCode::invalid, "expected rows of a multiple of 32 columns");
  refused(writer, ErrorCode::invalid, "(and 1 more)");
}

BOOST_AUTO_TEST_CASE(tensors_that_share_bytes_are_refused) {
  GgufWriter writer;
  writer.add_tensor("a", {16}, std::vector<float>(16));
  writer.add_tensor("b", {16}, f32, std::string(64, '\0'), 32);

  refused(writer, ErrorCode::invalid, "expected bytes of its own, found those of a");
}

BOOST_AUTO_TEST_SUITE_END()
