// Unigram at the edges of its metadata. Whole vocabularies are in small_models.cpp.
#include <boost/test/unit_test.hpp>

#include <limits>

#include "quipu/error.h"
#include "small_vocabularies.h"
#include "spelled.h"

using quipu::Error;
using quipu::Tokenizer;
using quipu::test::MemoryMetadata;
using quipu::test::spelled;
using Texts = std::vector<std::string>;

namespace {

const std::string mark = "\xE2\x96\x81";

// <unk>, </s>, then pieces with these scores.
MemoryMetadata scored(const std::vector<std::pair<std::string, float>>& pieces) {
  Texts tokens{"<unk>", "</s>"};
  std::vector<float> scores{0, 0};
  std::vector<std::int32_t> types{2, 3};
  for (const auto& [text, score] : pieces) {
    tokens.push_back(text);
    scores.push_back(score);
    types.push_back(1);
  }
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "t5").set("tokenizer.ggml.tokens", tokens);
  metadata.set("tokenizer.ggml.scores", scores).set("tokenizer.ggml.token_type", types);
  metadata.set("tokenizer.ggml.unknown_token_id", 0u).set("tokenizer.ggml.eos_token_id", 1u);
  metadata.set("tokenizer.ggml.add_eos_token", false);
  return metadata;
}

}  // namespace

// a|bc: -1 - 3, ab|c: -2.5 - 2, abc: -4.5, a|b|c: -1 - 2 - 2.
BOOST_AUTO_TEST_CASE(of_all_ways_to_cut_a_text_the_likeliest_is_taken) {
  auto metadata =
      scored({{"a", -1}, {"b", -2}, {"c", -2}, {"ab", -2.5f}, {"bc", -3}, {"abc", -4.5f}});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->kind() == "unigram");
  BOOST_TEST(spelled(*tokenizer, "abc") == "a|bc");
  BOOST_TEST(spelled(*tokenizer, "cab") == "c|ab");
  BOOST_TEST(spelled(*tokenizer, "") == "");
}

BOOST_AUTO_TEST_CASE(a_stretch_of_unknown_characters_is_one_token) {
  const auto metadata = scored({{"a", -1}, {"b", -2}});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "aXYZ\xE4\xB8\xAD\xFF"
                                 "b") == "a|<unk>|b");
}

BOOST_AUTO_TEST_CASE(with_a_token_for_each_byte_what_is_unknown_is_bytes) {
  auto metadata = quipu::test::pieces_of_kind("t5", {"a", mark});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a \xE2\x82\xAC") == "a|" + mark + "|<0xE2>|<0x82>|<0xAC>|</s>");
}

BOOST_AUTO_TEST_CASE(spaces_are_added_and_removed_as_the_file_says) {
  auto metadata = scored({{mark, -1}, {"a", -1}, {"b", -1}});
  const auto plain = [&] { return spelled(*Tokenizer::make(metadata), "  a   b "); };

  BOOST_TEST(plain() == mark + "|" + mark + "|a|" + mark + "|" + mark + "|" + mark + "|b|" + mark);
  metadata.set("tokenizer.ggml.remove_extra_whitespaces", true);
  BOOST_TEST(plain() == "a|" + mark + "|b");
  metadata.set("tokenizer.ggml.add_space_prefix", true);
  BOOST_TEST(plain() == mark + "|a|" + mark + "|b");
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "   ") == "");
  const auto tokenizer = Tokenizer::make(metadata);
  BOOST_TEST(tokenizer->decode(tokenizer->encode("  a   b ")) == "a b");
}

BOOST_AUTO_TEST_CASE(files_of_encoders_mean_a_space_before_the_text_even_where_they_say_none) {
  auto metadata = scored({{mark, -1}, {"a", -1}});
  metadata.set("tokenizer.ggml.add_space_prefix", false);
  metadata.set("tokenizer.ggml.remove_extra_whitespaces", true);
  BOOST_TEST(spelled(*Tokenizer::make(metadata), " a") == "a");

  metadata.set("tokenizer.ggml.token_type_count", 1u);
  BOOST_TEST(spelled(*Tokenizer::make(metadata), " a") == mark + "|a");
}

BOOST_AUTO_TEST_CASE(user_defined_tokens_come_before_rules_and_pieces) {
  auto metadata = scored({{"a", -1}, {"x y", -9}, {"x", -1}, {"y", -1}, {mark, -1}});
  metadata.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 1, 4, 1, 1, 1});
  const auto tokenizer = Tokenizer::make(metadata);

  // The space of a user-defined token is marked with the others, so it is found when it has none.
  BOOST_TEST(spelled(*tokenizer, "axa") == "a|x|a");
  metadata.set("tokenizer.ggml.tokens", Texts{"<unk>", "</s>", "a", "xy", "x", "y", mark});
  for (const bool special : {false, true})
    BOOST_TEST(spelled(*Tokenizer::make(metadata), "axya", {.parse_special = special}) == "a|xy|a");
}

BOOST_AUTO_TEST_CASE(special_tokens_are_found_only_when_asked_for) {
  const auto metadata = scored({{"a", -1}, {"<", -1}, {"/", -1}, {"s", -1}, {">", -1}});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a</s>a") == "a|</s>|a");
  BOOST_TEST(spelled(*tokenizer, "a</s>a", {.parse_special = false}) == "a|<|/|s|>|a");
}

BOOST_AUTO_TEST_CASE(unused_tokens_are_no_pieces) {
  auto metadata = scored({{"a", -1}, {"b", -1}, {"ab", -1}});
  metadata.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 1, 1, 5});

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "ab") == "a|b");
}

BOOST_AUTO_TEST_CASE(scores_that_are_no_numbers_do_no_harm) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float odd : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
    const auto metadata = scored({{"a", odd}, {"b", -1}, {"ab", odd}});
    const auto tokenizer = Tokenizer::make(metadata);

    BOOST_TEST(tokenizer->decode(tokenizer->encode("abab")) == "abab");
  }
}

BOOST_AUTO_TEST_CASE(scores_are_needed) {
  auto metadata = scored({{"a", -1}});
  metadata.erase("tokenizer.ggml.scores");

  BOOST_CHECK_EXCEPTION(Tokenizer::make(metadata), Error, [](const Error& error) {
    return error.code() == quipu::ErrorCode::invalid &&
           std::string(error.what()).starts_with("tokenizer.ggml.scores");
  });
}

// A map with the one rule "a" -> 5000 times "b": 256 units of root and children, 256 for the value.
BOOST_AUTO_TEST_CASE(a_map_that_makes_texts_very_much_longer_is_noticed) {
  std::vector<std::uint8_t> map(4 + 768 * 4, 0);
  const auto put = [&](std::size_t unit, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i)
      map[4 + unit * 4 + i] = static_cast<std::uint8_t>(number >> 8 * i);
  };
  map[1] = 768 * 4 / 256;
  put(0, 256u << 10);
  put(256 + 'a', ((256u + 'a') ^ 512u) << 10 | 1u << 8 | 'a');
  put(512, 1u << 31);
  map.insert(map.end(), 5000, 'b');
  map.push_back(0);
  auto metadata = scored({{"b", -1}});
  metadata.set("tokenizer.ggml.precompiled_charsmap", map);
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "b") == "b");
  BOOST_CHECK_EXCEPTION(tokenizer->encode("aaaa"), Error, [](const Error& error) {
    return std::string(error.what()).starts_with("tokenizer.ggml.precompiled_charsmap");
  });
}
