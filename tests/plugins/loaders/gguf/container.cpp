// Headers and tensor infos: what is taken, and what is refused with which words.
#include "container.h"

#include <boost/test/unit_test.hpp>

#include "parse.h"
#include "support/gguf_writer.h"

using gguf::objection;
using gguf::Parsed;
using quipu::test::bytes_of;
using quipu::test::GgufWriter;

namespace {

GgufWriter with_tensor(std::vector<std::uint64_t> shape, std::uint32_t type = 0,
                       std::optional<std::uint64_t> offset = {}) {
  GgufWriter writer;
  return writer.add_tensor("t", std::move(shape), type, std::string(64, '\1'), offset);
}

bool mentions(const std::string& message, const std::string& part) {
  if (message.find(part) != std::string::npos) return true;
  BOOST_TEST_MESSAGE("expected '" << part << "' in '" << message << "'");
  return false;
}

// The file with other bytes from `at` on.
std::string patched(std::string file, std::size_t at, std::string_view bytes) {
  return file.replace(at, bytes.size(), bytes);
}

}  // namespace

BOOST_AUTO_TEST_CASE(tensors_are_described_and_placed) {
  GgufWriter writer;
  writer.add_tensor("first", {2, 3}, std::vector<float>(6, 1.0f));
  writer.add_tensor("second", {32, 4, 2, 1}, 8, std::string(34 * 8, '\2'));

  const Parsed file(writer.bytes());
  const auto& tensors = file.container.tensors();

  BOOST_TEST(tensors.size() == 2u);
  BOOST_TEST(tensors[0].name == "first");
  BOOST_TEST(tensors[0].type == "gguf:0");
  BOOST_TEST(tensors[0].rank == 2u);
  BOOST_TEST(tensors[0].shape[0] == 2u);
  BOOST_TEST(tensors[0].shape[1] == 3u);
  BOOST_TEST(tensors[0].shape[2] == 1u);
  BOOST_TEST(tensors[0].offset == writer.header().size());
  BOOST_TEST(tensors[1].type == "gguf:8");
  BOOST_TEST(tensors[1].rank == 4u);
  BOOST_TEST(tensors[1].offset == writer.header().size() + 32);
  BOOST_TEST((file.bytes[tensors[1].offset] == std::byte{2}));
}

BOOST_AUTO_TEST_CASE(version_2_reads_as_version_3_does) {
  GgufWriter writer = with_tensor({16});
  writer.version = 2;

  const Parsed file(writer.bytes());

  BOOST_TEST(file.container.version() == 2u);
  BOOST_TEST(file.container.tensors().size() == 1u);
}

BOOST_AUTO_TEST_CASE(other_versions_are_refused_by_number) {
  for (const std::uint32_t version : {0u, 1u, 4u, 0xFFFFFFFFu}) {
    GgufWriter writer;
    writer.version = version;
    BOOST_TEST(mentions(objection(writer.bytes()),
                        "expected version 2 or 3, found " + std::to_string(version)));
  }
}

BOOST_AUTO_TEST_CASE(a_big_endian_file_is_called_one) {
  GgufWriter writer;
  writer.version = 0x03000000;

  BOOST_TEST(mentions(objection(writer.bytes()), "found version 3 in big-endian order"));
}

BOOST_AUTO_TEST_CASE(a_file_without_tensors_is_a_vocabulary) {
  GgufWriter writer;
  writer.add_array<std::string>("tokenizer.ggml.tokens", {"a", "b"});
  std::string file = writer.bytes();
  while (file.back() == '\0') file.pop_back();

  const Parsed parsed(file);

  BOOST_TEST(parsed.container.tensors().empty());
  BOOST_TEST(parsed.container.data().empty());
}

BOOST_AUTO_TEST_CASE(the_alignment_key_moves_the_data) {
  GgufWriter writer;
  writer.align(256).add_tensor("t", {2}, {1.0f, 2.0f});

  const Parsed file(writer.bytes());

  BOOST_TEST(file.container.tensors()[0].offset % 256 == 0u);
  BOOST_TEST(file.container.tensors()[0].offset == writer.header().size());
}

BOOST_AUTO_TEST_CASE(alignments_that_are_no_multiples_of_8_are_refused) {
  for (const std::uint32_t alignment : {0u, 1u, 3u, 4u, 12u, 0xFFFFFFFFu}) {
    GgufWriter writer;
    writer.add("general.alignment", alignment);
    BOOST_TEST(mentions(objection(writer.bytes()), "key 'general.alignment'"));
    BOOST_TEST(mentions(objection(writer.bytes()), "found " + std::to_string(alignment)));
  }
}

BOOST_AUTO_TEST_CASE(an_alignment_of_another_type_is_refused) {
  GgufWriter writer;
  writer.add("general.alignment", std::uint64_t{32});

  BOOST_TEST(mentions(objection(writer.bytes()), "expected type 4 (u32), found type 10"));
}

BOOST_AUTO_TEST_CASE(a_data_section_past_the_end_is_refused) {
  GgufWriter writer = with_tensor({16});
  writer.add("general.alignment", std::uint32_t{1} << 31);

  BOOST_TEST(mentions(objection(writer.bytes()), "tensor 't'"));
}

BOOST_AUTO_TEST_CASE(counts_beyond_the_file_are_refused_before_they_cost_memory) {
  for (const std::uint64_t count : {std::uint64_t{10}, std::uint64_t{1} << 58, ~std::uint64_t{0}}) {
    GgufWriter keys, tensors;
    keys.key_count = count;
    tensors.tensor_count = count;
    BOOST_TEST(mentions(objection(keys.bytes()), "key count: expected at most"));
    BOOST_TEST(mentions(objection(tensors.bytes()), "tensor count: expected at most"));
    BOOST_TEST(mentions(objection(keys.bytes()), "found " + std::to_string(count)));
  }
}

BOOST_AUTO_TEST_CASE(a_count_that_no_model_has_is_refused_however_long_the_file_is) {
  GgufWriter writer;
  writer.key_count = 1 << 17;
  const std::string file = writer.bytes() + std::string(4 << 20, '\0');

  BOOST_TEST(mentions(objection(file), "key count: expected at most 65536, found 131072"));
}

BOOST_AUTO_TEST_CASE(string_and_array_lengths_beyond_the_file_are_refused) {
  for (const std::uint64_t length :
       {std::uint64_t{1000}, std::uint64_t{1} << 40, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
    const std::string found = std::to_string(length);
    BOOST_TEST(mentions(objection(GgufWriter().add_raw("k", 8, bytes_of(length)).bytes()),
                        "text: expected " + found + " bytes"));
    const auto array = [&](std::uint32_t type) {
      return GgufWriter().add_raw("k", 9, bytes_of(type) + bytes_of(length)).bytes();
    };
    BOOST_TEST(mentions(objection(array(6)), "element count: expected at most"));
    BOOST_TEST(mentions(objection(array(8)), "found " + found));
  }
}

BOOST_AUTO_TEST_CASE(a_string_in_an_array_that_runs_past_the_end_is_refused_by_its_index) {
  const std::string strings = bytes_of<std::uint64_t>(1) + "a" + bytes_of<std::uint64_t>(1000);
  GgufWriter writer;
  writer.add_raw("k", 9, bytes_of<std::uint32_t>(8) + bytes_of<std::uint64_t>(2) + strings);

  BOOST_TEST(mentions(objection(writer.bytes()), "key 'k'"));
  BOOST_TEST(mentions(objection(writer.bytes()), "string 1 of 2: expected 1000 bytes"));
}

BOOST_AUTO_TEST_CASE(types_that_do_not_exist_are_refused) {
  BOOST_TEST(mentions(objection(GgufWriter().add_raw("k", 13, std::string(8, '\0')).bytes()),
                      "type: expected 0 to 12, found 13"));
  const std::string array = bytes_of<std::uint32_t>(99) + bytes_of<std::uint64_t>(0);
  BOOST_TEST(mentions(objection(GgufWriter().add_raw("k", 9, array).bytes()),
                      "element type: expected 0 to 12, found 99"));
}

BOOST_AUTO_TEST_CASE(arrays_of_arrays_are_refused) {
  const std::string array = bytes_of<std::uint32_t>(9) + bytes_of<std::uint64_t>(1);

  BOOST_TEST(mentions(objection(GgufWriter().add_raw("k", 9, array).bytes()), "array of arrays"));
}

BOOST_AUTO_TEST_CASE(booleans_are_0_or_1) {
  BOOST_TEST(mentions(objection(GgufWriter().add_raw("k", 7, "\2").bytes()),
                      "expected a boolean, 0 or 1, found 2"));
  const std::string array =
      bytes_of<std::uint32_t>(7) + bytes_of<std::uint64_t>(2) + std::string("\1\3");
  BOOST_TEST(mentions(objection(GgufWriter().add_raw("k", 9, array).bytes()), "found 3"));
}

BOOST_AUTO_TEST_CASE(names_are_short_utf_8_without_control_characters) {
  for (const std::string& name :
       {std::string(""), std::string("a\0b", 3), std::string("a\x1b[2J"), std::string("\xff"),
        std::string("\xc0\x80"), std::string("\xed\xa0\x80"), std::string("\xc2\x85")}) {
    BOOST_TEST(mentions(objection(GgufWriter().add(name, 1).bytes()), "expected a name of 1 to"));
    BOOST_TEST(mentions(objection(GgufWriter().add_tensor(name, {1}, {1.0f}).bytes()),
                        "expected a name of 1 to"));
  }
  BOOST_TEST(objection(GgufWriter().add("größe.日本", 1).bytes()) == "");
}

BOOST_AUTO_TEST_CASE(names_have_the_lengths_of_the_specification) {
  const auto key = [](std::size_t n) { return GgufWriter().add(std::string(n, 'k'), 1).bytes(); };
  const auto tensor = [](std::size_t n) {
    return GgufWriter().add_tensor(std::string(n, 't'), {1}, {1.0f}).bytes();
  };

  BOOST_TEST(objection(key(65535)) == "");
  BOOST_TEST(mentions(objection(key(65536)), "it has 65536 bytes"));
  BOOST_TEST(objection(tensor(64)) == "");
  BOOST_TEST(mentions(objection(tensor(65)), "it has 65 bytes"));
}

BOOST_AUTO_TEST_CASE(a_name_that_is_there_twice_is_refused) {
  GgufWriter keys, tensors;
  keys.add("a", 1).add("b", 1).add("a", "text");
  tensors.add_tensor("a", {1}, {1.0f}).add_tensor("b", {1}, {1.0f}).add_tensor("b", {1}, {1.0f});

  BOOST_TEST(mentions(objection(keys.bytes()), "key 'a': at byte"));
  BOOST_TEST(mentions(objection(keys.bytes()), "expected every key once"));
  BOOST_TEST(mentions(objection(tensors.bytes()), "tensor 'b': at byte"));
  BOOST_TEST(mentions(objection(tensors.bytes()), "expected every tensor once"));
}

BOOST_AUTO_TEST_CASE(shapes_have_at_most_four_axes) {
  BOOST_TEST(objection(with_tensor({}).bytes()) == "");
  BOOST_TEST(objection(with_tensor({2, 2, 2, 2}).bytes()) == "");
  BOOST_TEST(mentions(objection(with_tensor({1, 1, 1, 1, 1}).bytes()),
                      "rank: expected at most 4, found 5"));
}

BOOST_AUTO_TEST_CASE(shapes_whose_product_overflows_are_refused_by_axis) {
  const std::uint64_t half = std::uint64_t{1} << 32;
  for (const std::vector<std::uint64_t>& shape :
       {std::vector<std::uint64_t>{4, std::uint64_t{1} << 63},
        {half, half},
        {2, 0},
        {half, half / 2, 1, 2}})
    BOOST_TEST(mentions(objection(with_tensor(shape).bytes()), "expected a length of 1 to"));
  BOOST_TEST(mentions(objection(with_tensor({half, half}).bytes()), "axis 1"));
}

BOOST_AUTO_TEST_CASE(offsets_lie_within_the_data_and_on_its_alignment) {
  BOOST_TEST(mentions(objection(with_tensor({16}, 0, 4).bytes()), "offset: expected a multiple"));
  for (const std::uint64_t offset :
       {std::uint64_t{64}, std::uint64_t{1} << 30, ~std::uint64_t{0} - 63, ~std::uint64_t{0} - 31})
    BOOST_TEST(mentions(objection(with_tensor({16}, 0, offset).bytes()),
                        "expected an offset within the 64 bytes"));
  BOOST_TEST(objection(with_tensor({8}, 0, 32).bytes()) == "");
}

BOOST_AUTO_TEST_CASE(a_message_names_file_key_and_byte) {
  GgufWriter writer;
  writer.add("first", 1).add("second", 2);
  const std::string file = writer.bytes();
  const std::size_t type_at = file.find("second") + 6;

  const std::string message = objection(patched(file, type_at, bytes_of<std::uint32_t>(50)));

  BOOST_TEST(message == "FILE: key 'second': at byte " + std::to_string(type_at) +
                            ": type: expected 0 to 12, found 50");
}
