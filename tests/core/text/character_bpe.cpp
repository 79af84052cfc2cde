// Merges of characters at the edges of the metadata. A whole vocabulary is in small_models.cpp.
#include <boost/test/unit_test.hpp>

#include "quipu/error.h"
#include "small_vocabularies.h"
#include "spelled.h"

using quipu::Tokenizer;
using quipu::test::MemoryMetadata;
using quipu::test::spelled;

namespace {

const std::string mark = "\xE2\x96\x81";

MemoryMetadata merged(const std::vector<std::string>& pieces,
                      const std::vector<std::string>& merges) {
  auto metadata = quipu::test::pieces_of_kind("gemma4", pieces);
  metadata.set("tokenizer.ggml.merges", merges);
  return metadata;
}

}  // namespace

BOOST_AUTO_TEST_CASE(merges_go_over_spaces_and_end_at_line_breaks) {
  const auto metadata = merged({"a", "b", mark, "\n", "a" + mark, "a" + mark + "b", "b\n"},
                               {"a " + mark, "a" + mark + " b", "b \n"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->kind() == "bpe");
  BOOST_TEST(tokenizer->pre_tokenizer() == "gemma4");
  BOOST_TEST(spelled(*tokenizer, "a b\nb") == "<s>|a" + mark + "b|\n|b");
  BOOST_TEST(tokenizer->decode(tokenizer->encode(" a b\n")) == " a b\n");
}

BOOST_AUTO_TEST_CASE(a_run_of_line_breaks_that_is_a_token_needs_no_merges) {
  auto metadata = merged({"\n", "\n\n\n"}, {});
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "\n\n\n", {.add_special = false}) == "\n\n\n");
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "\n\n", {.add_special = false}) == "\n|\n");

  metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "sarvam-moe");
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "\n\n\n") == "\n|\n|\n");
}

BOOST_AUTO_TEST_CASE(bos_is_added_to_gemma_4_even_where_the_file_says_otherwise) {
  auto metadata = merged({"a"}, {});
  std::vector<std::string> warnings;
  BOOST_TEST(spelled(*Tokenizer::make(metadata, &warnings), "a") == "<s>|a");
  BOOST_TEST(warnings.empty());

  metadata.set("tokenizer.ggml.add_bos_token", false);
  BOOST_TEST(spelled(*Tokenizer::make(metadata, &warnings), "a") == "<s>|a");
  BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
  BOOST_TEST(warnings[0].starts_with("tokenizer.ggml.add_bos_token"));
}

BOOST_AUTO_TEST_CASE(what_no_token_spells_is_bytes) {
  const auto metadata = merged({"a"}, {});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a\xE2\x82\xAC\xE2", {.add_special = false}) ==
             "a|<0xE2>|<0x82>|<0xAC>|<0xE2>");
}

BOOST_AUTO_TEST_CASE(merges_are_needed) {
  auto metadata = merged({"a"}, {});
  metadata.erase("tokenizer.ggml.merges");

  BOOST_CHECK_EXCEPTION(Tokenizer::make(metadata), quipu::Error, [](const quipu::Error& error) {
    return std::string(error.what()).starts_with("tokenizer.ggml.merges");
  });
}
