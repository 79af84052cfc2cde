// The World tokenizer: spellings with escapes, and the longest token that fits. A whole vocabulary
// is in small_models.cpp.
#include <boost/test/unit_test.hpp>

#include "small_vocabularies.h"
#include "spelled.h"

using quipu::Token;
using quipu::Tokenizer;
using quipu::test::spelled;
using quipu::test::world_tokens;

BOOST_AUTO_TEST_CASE(always_the_longest_token_that_fits_is_taken) {
  const auto metadata = world_tokens({"ab", "abcd", "bc"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->kind() == "rwkv");
  BOOST_TEST(spelled(*tokenizer, "abcdabc") == "abcd|ab|\\x63");
}

BOOST_AUTO_TEST_CASE(spellings_stand_for_bytes_as_in_python) {
  const std::pair<const char*, std::string> expected[] = {{R"(\n\n)", "\n\n"},
                                                          {R"(\r\t)", "\r\t"},
                                                          {R"(\\n)", "\\n"},
                                                          {R"(it\'s)", "it's"},
                                                          {R"(\xe4\xb8)", "\xE4\xB8"},
                                                          {R"(\xFfa)", "\xFF"
                                                                       "a"},
                                                          {R"(\x4)", "x4"},
                                                          {R"(a\)", "a\\"}};
  for (const auto& [spelling, text] : expected) {
    const auto metadata = world_tokens({spelling});
    const auto tokenizer = Tokenizer::make(metadata);

    BOOST_TEST(tokenizer->piece(257) == text);
    BOOST_TEST(tokenizer->encode(text) == std::vector<Token>{257});
    BOOST_TEST(tokenizer->spelling(257) == spelling);
  }
}

BOOST_AUTO_TEST_CASE(special_and_unused_tokens_are_not_made_of_text) {
  auto metadata = world_tokens({"[PAD7]"});
  std::vector<std::int32_t> types(258, 1);
  types[0] = 3;
  types[257] = 5;
  metadata.set("tokenizer.ggml.token_type", types);
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->encode("[PAD7]").size() == 6u);
  BOOST_TEST(tokenizer->encode("<s>") == std::vector<Token>{0});
  BOOST_TEST(tokenizer->encode("<s>", {.parse_special = false}).size() == 3u);
}

BOOST_AUTO_TEST_CASE(bytes_that_no_token_spells_are_unknown_or_left_out) {
  quipu::test::MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "rwkv");
  metadata.set("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "a"});
  metadata.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 1});
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "aXa") == "a|a");

  metadata.set("tokenizer.ggml.unknown_token_id", 0u);
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "aXa") == "a|<unk>|a");
}
