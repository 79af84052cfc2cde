// Metadata values: every type, wide and narrow, alone and in arrays.
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>

#include "parse.h"
#include "support/gguf_writer.h"

using gguf::Parsed;
using quipu::test::GgufWriter;

namespace {

std::string text(const quipu_value& value) {
  return {value.as.s.data, value.as.s.size};
}

std::vector<quipu_value> elements(const Parsed& file, std::string_view key, std::uint64_t first,
                                  std::uint64_t count) {
  std::vector<quipu_value> out(count);
  gguf::copy_elements(*static_cast<const gguf::Array*>(file.value(key).as.array), first, out);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(integers_of_every_width_are_widened) {
  GgufWriter writer;
  writer.add("u8", std::uint8_t{200}).add("i8", std::int8_t{-100});
  writer.add("u16", std::uint16_t{60000}).add("i16", std::int16_t{-30000});
  writer.add("u32", std::uint32_t{4000000000}).add("i32", std::int32_t{-2000000000});
  writer.add("u64", std::numeric_limits<std::uint64_t>::max());
  writer.add("i64", std::numeric_limits<std::int64_t>::min());

  const Parsed file(writer.bytes());

  for (const char* key : {"u8", "u16", "u32", "u64"})
    BOOST_TEST(file.value(key).type == std::uint32_t{QUIPU_VALUE_UNSIGNED});
  for (const char* key : {"i8", "i16", "i32", "i64"})
    BOOST_TEST(file.value(key).type == std::uint32_t{QUIPU_VALUE_SIGNED});
  BOOST_TEST(file.value("u8").as.u == 200u);
  BOOST_TEST(file.value("i8").as.i == -100);
  BOOST_TEST(file.value("u16").as.u == 60000u);
  BOOST_TEST(file.value("i16").as.i == -30000);
  BOOST_TEST(file.value("u32").as.u == 4000000000u);
  BOOST_TEST(file.value("i32").as.i == -2000000000);
  BOOST_TEST(file.value("u64").as.u == std::numeric_limits<std::uint64_t>::max());
  BOOST_TEST(file.value("i64").as.i == std::numeric_limits<std::int64_t>::min());
}

BOOST_AUTO_TEST_CASE(floats_booleans_and_strings_are_read) {
  GgufWriter writer;
  writer.add("f32", 0.1f).add("f64", 0.1).add("yes", true).add("no", false);
  writer.add("text", std::string("a\0b", 3)).add("empty", "");

  const Parsed file(writer.bytes());

  BOOST_TEST(file.value("f32").type == std::uint32_t{QUIPU_VALUE_FLOAT});
  BOOST_TEST(file.value("f32").as.f == static_cast<double>(0.1f));
  BOOST_TEST(file.value("f64").as.f == 0.1);
  BOOST_TEST(file.value("yes").type == std::uint32_t{QUIPU_VALUE_BOOL});
  BOOST_TEST(file.value("yes").as.u == 1u);
  BOOST_TEST(file.value("no").as.u == 0u);
  BOOST_TEST(text(file.value("text")) == std::string("a\0b", 3));
  BOOST_TEST(text(file.value("empty")) == "");
}

BOOST_AUTO_TEST_CASE(arrays_tell_their_widened_element_type_and_count) {
  GgufWriter writer;
  writer.add_array<std::int32_t>("types", {1, -2, 3}).add_array<float>("none", {});

  const Parsed file(writer.bytes());

  BOOST_TEST(file.value("types").type == std::uint32_t{QUIPU_VALUE_ARRAY});
  BOOST_TEST(file.value("types").element_type == std::uint32_t{QUIPU_VALUE_SIGNED});
  BOOST_TEST(file.value("types").count == 3u);
  BOOST_TEST(file.value("none").element_type == std::uint32_t{QUIPU_VALUE_FLOAT});
  BOOST_TEST(file.value("none").count == 0u);
}

BOOST_AUTO_TEST_CASE(a_range_of_numbers_is_copied) {
  GgufWriter writer;
  writer.add_array<std::int16_t>("numbers", {10, -20, 30, -40});

  const Parsed file(writer.bytes());
  const auto middle = elements(file, "numbers", 1, 2);

  BOOST_TEST(middle[0].as.i == -20);
  BOOST_TEST(middle[1].as.i == 30);
}

BOOST_AUTO_TEST_CASE(any_string_of_a_long_array_is_found) {
  std::vector<std::string> words;
  for (int i = 0; i < 1000; ++i) words.push_back(std::string(i % 7, 'x') + std::to_string(i));
  GgufWriter writer;
  writer.add_array("words", words);

  const Parsed file(writer.bytes());

  for (const std::uint64_t first : {0, 1, 63, 64, 65, 128, 500, 999})
    BOOST_TEST(text(elements(file, "words", first, 1)[0]) == words[first]);
  const auto all = elements(file, "words", 0, words.size());
  for (std::size_t i = 0; i < words.size(); ++i) BOOST_TEST(text(all[i]) == words[i]);
  BOOST_TEST(elements(file, "words", 1000, 0).empty());
}
