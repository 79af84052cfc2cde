// Tokenizers on small vocabularies: against plain loops, at the edges of the metadata, and on
// metadata that contradicts itself.
#include "quipu/tokenizer.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "quipu/error.h"
#include "small_vocabularies.h"
#include "spelled.h"
#include "text/random.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::TextStream;
using quipu::Token;
using quipu::Tokenizer;
using quipu::test::byte_level;
using quipu::test::MemoryMetadata;
using quipu::test::sentence_pieces;
using quipu::test::spelled;
using quipu::test::word_pieces;
using Tokens = std::vector<Token>;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* space = "\xE2\x96\x81";  // U+2581

void refused(const MemoryMetadata& metadata, ErrorCode code, const std::string& key) {
  BOOST_CHECK_EXCEPTION(Tokenizer::make(metadata), Error, [&](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == code && std::string(error.what()).starts_with(key);
  });
}

// The best pair, the leftmost of equals, again and again.
template <class Rank>
Texts merged(Texts parts, Rank&& rank) {
  while (true) {
    std::size_t best = parts.size();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto here = rank(parts[i], parts[i + 1]);
      if (here && (best == parts.size() || *here < *rank(parts[best], parts[best + 1]))) best = i;
    }
    if (best == parts.size()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

std::string joined(const Texts& texts) {
  std::string out;
  for (const auto& text : texts) (out += out.empty() ? "" : "|") += text;
  return out;
}

std::string random_letters(std::uint64_t seed, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i)
    text += static_cast<char>('a' + quipu::random_bits(seed, i) % 3);
  return text;
}

Texts letters_of(const std::string& text) {
  Texts parts;
  for (const char letter : text) parts.emplace_back(1, letter);
  return parts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(byte_level_bpe)

BOOST_AUTO_TEST_CASE(merges_come_in_the_order_of_their_ranks) {
  const Texts merges{"a b", "b c", "ab c", "a a", "ab ab", "c c", "aa b", "bc a", "abc abc"};
  const auto metadata = byte_level(merges);
  const auto tokenizer = Tokenizer::make(metadata);
  const auto rank = [&](const std::string& left, const std::string& right) {
    const auto found = std::ranges::find(merges, left + " " + right);
    return found == merges.end() ? std::optional<std::ptrdiff_t>() : found - merges.begin();
  };
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string text = random_letters(seed, 1 + seed % 40);

    BOOST_TEST(spelled(*tokenizer, text) == joined(merged(letters_of(text), rank)));
  }
}

BOOST_AUTO_TEST_CASE(every_byte_comes_back) {
  const auto metadata = byte_level({"a b"});
  const auto tokenizer = Tokenizer::make(metadata);
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);

  BOOST_TEST(tokenizer->decode(tokenizer->encode(bytes)) == bytes);
}

BOOST_AUTO_TEST_CASE(a_whole_word_that_is_a_token_is_taken_only_where_models_do_so) {
  auto metadata = byte_level({"a b", "b c", "ab c"});
  // "abcb" is a token that no merges lead to.
  auto tokens = Texts{};
  const auto listed = metadata.texts("tokenizer.ggml.tokens");
  for (const auto text : *listed) tokens.emplace_back(text);
  tokens.push_back("abcb");
  metadata.set("tokenizer.ggml.tokens", tokens).erase("tokenizer.ggml.token_type");

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "abcb") == "abc|b");
  metadata.set("tokenizer.ggml.pre", "llama-bpe");
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "abcb") == "abcb");
}

BOOST_AUTO_TEST_CASE(a_merge_into_what_is_no_token_does_not_happen) {
  auto metadata = byte_level({"a b"});
  metadata.set("tokenizer.ggml.merges", Texts{"b c", "a b", "", "x", "no token"});

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "abc") == "ab|c");
}

BOOST_AUTO_TEST_CASE(bytes_that_the_vocabulary_lacks_are_left_out) {
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.tokens", Texts{"a", "b"});
  metadata.set("tokenizer.ggml.merges", Texts{});

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "aXb\xFF") == "a|b");
}

BOOST_AUTO_TEST_CASE(bos_and_eos_are_added_as_the_file_says) {
  auto metadata = byte_level({}, {"<s>", "</s>"});
  metadata.set("tokenizer.ggml.bos_token_id", 256u).set("tokenizer.ggml.eos_token_id", 257u);
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "a") == "a");
  BOOST_TEST(!Tokenizer::make(metadata)->adds_bos());

  metadata.set("tokenizer.ggml.add_bos_token", true).set("tokenizer.ggml.add_eos_token", true);
  const auto tokenizer = Tokenizer::make(metadata);
  BOOST_TEST(spelled(*tokenizer, "a") == "<s>|a|</s>");
  BOOST_TEST(spelled(*tokenizer, "a", {.add_special = false}) == "a");
  BOOST_TEST(tokenizer->bos() == 256);
  BOOST_TEST(tokenizer->eos() == 257);
  BOOST_TEST(tokenizer->adds_bos());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sentence_piece)

BOOST_AUTO_TEST_CASE(merges_come_in_the_order_of_the_scores) {
  const Texts vocabulary{"ab", "ca", "abca", "aa", "bb", "aab", "bc", "a", "b", "c"};
  auto metadata = sentence_pieces(vocabulary);
  metadata.set("tokenizer.ggml.add_space_prefix", false).set("tokenizer.ggml.add_bos_token", false);
  const auto tokenizer = Tokenizer::make(metadata);
  const auto rank = [&](const std::string& left, const std::string& right) {
    const auto found = std::ranges::find(vocabulary, left + right);
    return found == vocabulary.end() ? std::optional<std::ptrdiff_t>() : found - vocabulary.begin();
  };
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string text = random_letters(seed, 1 + seed % 40);

    BOOST_TEST(spelled(*tokenizer, text) == joined(merged(letters_of(text), rank)));
  }
}

BOOST_AUTO_TEST_CASE(words_begin_with_the_mark_of_a_space) {
  const std::string mark = space;
  auto metadata = sentence_pieces({mark + "a", mark + "b", mark, "a", "b"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a b") == "<s>|" + mark + "a|" + mark + "b");
  BOOST_TEST(spelled(*tokenizer, " a") == "<s>|" + mark + "|" + mark + "a");
  BOOST_TEST(spelled(*tokenizer, "a</s>b") == "<s>|" + mark + "a|</s>|" + mark + "b");
  metadata.set("tokenizer.ggml.add_space_prefix", false);
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "a b") == "<s>|a|" + mark + "b");
}

BOOST_AUTO_TEST_CASE(what_no_piece_spells_falls_back_to_bytes) {
  const auto metadata = sentence_pieces({space, "a"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a\xE2\x82\xAC\n", {.add_special = false}) ==
             std::string(space) + "|a|<0xE2>|<0x82>|<0xAC>|<0x0A>");
}

BOOST_AUTO_TEST_CASE(every_text_comes_back_without_the_space_before_it) {
  const auto metadata = sentence_pieces({space, "a", "b", "ab"});
  const auto tokenizer = Tokenizer::make(metadata);
  for (const std::string text : {"ab ba", " ab", "  ", "\xE2\x82\xAC", "\xFF\xFE", "", "a\nb"})
    BOOST_TEST(tokenizer->decode(tokenizer->encode(text)) == text);
}

BOOST_AUTO_TEST_CASE(without_bytes_what_is_not_spelled_is_unknown) {
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "llama");
  metadata.set("tokenizer.ggml.tokens", Texts{"<unk>", "<s>", "</s>", "a", space});
  metadata.set("tokenizer.ggml.scores", std::vector<float>(5, 0));
  metadata.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 1, 1});

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "aX") == "<s>|" + std::string(space) + "|a|<unk>");
}

BOOST_AUTO_TEST_CASE(equal_and_odd_scores_do_no_harm) {
  auto metadata = sentence_pieces({"ab", "bc", "a", "b", "c"});
  std::vector<float> scores(metadata.texts("tokenizer.ggml.tokens")->size(), 0);
  scores[scores.size() - 5] = std::numeric_limits<float>::quiet_NaN();
  scores[scores.size() - 4] = -0.0f;
  metadata.set("tokenizer.ggml.scores", scores).set("tokenizer.ggml.add_space_prefix", false);

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "abc") == "<s>|a|bc");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(special)

BOOST_AUTO_TEST_CASE(special_tokens_are_found_in_text_only_when_asked_for) {
  const auto metadata = byte_level({}, {"<|x|>", "<|x|>y"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a<|x|>yb") == "a|<|x|>y|b");
  BOOST_TEST(tokenizer->encode("<|x|>", {.parse_special = false}).size() == 5u);
}

BOOST_AUTO_TEST_CASE(user_defined_tokens_are_always_found) {
  auto metadata = byte_level({}, {"<u>"});
  std::vector<std::int32_t> types(257, 1);
  types.back() = 4;
  metadata.set("tokenizer.ggml.token_type", types);

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "a<u>", {.parse_special = false}) == "a|<u>");
}

// The rules are llama.cpp's, which knows these models by their names.
BOOST_AUTO_TEST_CASE(special_tokens_of_some_models_take_the_spaces_beside_them) {
  auto metadata = byte_level({}, {"<|user|>", "<s>", "<mask>", "[MASK]"});
  const auto plain = [&] { return spelled(*Tokenizer::make(metadata), "a <|user|>\nb <s> c"); };
  const std::string line = "\xC4\x8A", blank = "\xC4\xA0";
  BOOST_TEST(plain() ==
             "a|" + blank + "|<|user|>|" + line + "|b|" + blank + "|<s>|" + blank + "|c");

  metadata.set("general.name", "Phi-3 mini");
  BOOST_TEST(plain() == "a|" + blank + "|<|user|>|b|" + blank + "|<s>|" + blank + "|c");

  metadata.set("general.name", "modern-bert").set("tokenizer.ggml.pre", "modern-bert");
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "a [MASK] b") == "a|[MASK]|" + blank + "|b");
  metadata.set("general.architecture", "jina-bert-v3");
  BOOST_TEST(spelled(*Tokenizer::make(metadata), "a <mask>b") == "a|<mask>|b");
}

BOOST_AUTO_TEST_CASE(special_tokens_have_no_text_unless_asked_for) {
  const auto metadata = byte_level({}, {"<|x|>"});
  const auto tokenizer = Tokenizer::make(metadata);
  const auto tokens = tokenizer->encode("a<|x|>b");

  BOOST_TEST(tokenizer->decode(tokens) == "ab");
  BOOST_TEST(tokenizer->decode(tokens, true) == "a<|x|>b");
  BOOST_TEST(tokenizer->is_special(256));
  BOOST_TEST(!tokenizer->is_special(97));
  BOOST_TEST(!tokenizer->is_special(-1));
  BOOST_TEST(!tokenizer->is_special(257));
}

BOOST_AUTO_TEST_CASE(answers_end_with_eos_eot_and_the_usual_spellings) {
  auto metadata = byte_level({}, {"<e>", "<t>", "<|im_end|>", "<end_of_turn>", "<other>"});
  metadata.set("tokenizer.ggml.eos_token_id", 256u).set("tokenizer.ggml.eot_token_id", 257u);
  const auto tokenizer = Tokenizer::make(metadata);

  for (const Token token : {256, 257, 258, 259}) BOOST_TEST(tokenizer->ends_generation(token));
  for (const Token token : {260, 97, -1, 100000}) BOOST_TEST(!tokenizer->ends_generation(token));
}

BOOST_AUTO_TEST_CASE(an_end_that_its_file_calls_normal_is_special_all_the_same) {
  auto metadata = byte_level({}, {"<|eot_id|>"});
  metadata.erase("tokenizer.ggml.token_type");
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(spelled(*tokenizer, "a<|eot_id|>") == "a|<|eot_id|>");
  BOOST_TEST(tokenizer->ends_generation(256));
}

BOOST_AUTO_TEST_CASE(where_answers_have_parts_the_end_of_a_part_ends_no_answer) {
  const auto metadata = byte_level({}, {"<|end|>", "<|return|>", "<|call|>"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(!tokenizer->ends_generation(256));
  BOOST_TEST(tokenizer->ends_generation(257));
  BOOST_TEST(tokenizer->ends_generation(258));
}

BOOST_AUTO_TEST_CASE(ids_outside_the_vocabulary_are_not_decoded) {
  const auto metadata = byte_level({});
  const auto tokenizer = Tokenizer::make(metadata);
  for (const Token token : {-1, 256})
    BOOST_CHECK_EXCEPTION(tokenizer->decode(Tokens{token}), Error,
                          [](const Error& error) { return error.code() == ErrorCode::usage; });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(a_stream_waits_for_the_end_of_a_code_point) {
  const auto metadata = byte_level({});
  const auto tokenizer = Tokenizer::make(metadata);
  TextStream stream(*tokenizer);

  BOOST_TEST(stream.push('a') == "a");
  BOOST_TEST(stream.push(0xE2) == "");
  BOOST_TEST(stream.push(0x82) == "");
  BOOST_TEST(stream.push(0xAC) == "\xE2\x82\xAC");
  BOOST_TEST(stream.finish() == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_code_point_is_replaced) {
  const auto metadata = byte_level({});
  const auto tokenizer = Tokenizer::make(metadata);
  TextStream stream(*tokenizer);

  BOOST_TEST(stream.push(0xFF) == "\xEF\xBF\xBD");
  BOOST_TEST(stream.push(0xE2) == "");
  BOOST_TEST(stream.push('a') == "\xEF\xBF\xBD"
                                 "a");
  BOOST_TEST(stream.push(0xE2) == "");
  BOOST_TEST(stream.finish() == "\xEF\xBF\xBD");
  BOOST_TEST(stream.finish() == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(hostile)

BOOST_AUTO_TEST_CASE(keys_that_are_missing_or_of_the_wrong_type_are_named) {
  const auto bpe = byte_level({});
  const auto spm = sentence_pieces({"a"});
  const auto without = [](MemoryMetadata metadata, const char* key) { return metadata.erase(key); };
  const auto with = [](MemoryMetadata metadata, const char* key, const auto& value) {
    return metadata.set(key, value);
  };
  refused({}, ErrorCode::invalid, "tokenizer.ggml.model");
  refused(with(bpe, "tokenizer.ggml.model", 5u), ErrorCode::invalid, "tokenizer.ggml.model");
  refused(with(bpe, "tokenizer.ggml.model", "magic"), ErrorCode::unsupported,
          "tokenizer.ggml.model");
  for (const auto& metadata : {bpe, spm}) {
    refused(without(metadata, "tokenizer.ggml.tokens"), ErrorCode::invalid,
            "tokenizer.ggml.tokens");
    refused(with(metadata, "tokenizer.ggml.tokens", Texts{}), ErrorCode::invalid,
            "tokenizer.ggml.tokens");
    refused(with(metadata, "tokenizer.ggml.tokens", std::vector<std::uint32_t>(300)),
            ErrorCode::invalid, "tokenizer.ggml.tokens");
    refused(with(metadata, "tokenizer.ggml.token_type", std::vector<std::uint8_t>(300)),
            ErrorCode::invalid, "tokenizer.ggml.token_type");
    refused(with(metadata, "tokenizer.ggml.token_type", std::vector<std::int32_t>(3)),
            ErrorCode::invalid, "tokenizer.ggml.token_type");
    refused(with(metadata, "tokenizer.ggml.token_type", "normal"), ErrorCode::invalid,
            "tokenizer.ggml.token_type");
    refused(with(metadata, "tokenizer.ggml.scores", std::vector<std::uint8_t>(300)),
            ErrorCode::invalid, "tokenizer.ggml.scores");
    refused(with(metadata, "tokenizer.ggml.scores", std::vector<float>(3)), ErrorCode::invalid,
            "tokenizer.ggml.scores");
    refused(with(metadata, "tokenizer.ggml.eos_token_id", "2"), ErrorCode::invalid,
            "tokenizer.ggml.eos_token_id");
    refused(with(metadata, "tokenizer.ggml.add_bos_token", 1u), ErrorCode::invalid,
            "tokenizer.ggml.add_bos_token");
  }
  refused(without(bpe, "tokenizer.ggml.merges"), ErrorCode::invalid, "tokenizer.ggml.merges");
  refused(with(bpe, "tokenizer.ggml.merges", std::vector<float>(1)), ErrorCode::invalid,
          "tokenizer.ggml.merges");
  refused(with(bpe, "tokenizer.ggml.pre", 1u), ErrorCode::invalid, "tokenizer.ggml.pre");
  refused(without(spm, "tokenizer.ggml.scores"), ErrorCode::invalid, "tokenizer.ggml.scores");
}

BOOST_AUTO_TEST_CASE(a_model_without_a_tokenizer_has_ids_and_no_text) {
  for (const char* kind : {"none", "no_vocab"}) {
    MemoryMetadata metadata;
    metadata.set("tokenizer.ggml.model", kind);
    metadata.set("general.architecture", "x").set("x.vocab_size", 10u);
    const auto tokenizer = Tokenizer::make(metadata);

    BOOST_TEST(tokenizer->kind() == "none");
    BOOST_TEST(tokenizer->size() == 10u);
    BOOST_TEST(tokenizer->decode(Tokens{9, 0}) == "");
    BOOST_CHECK_EXCEPTION(tokenizer->encode("a"), Error, [](const Error& error) {
      return error.code() == ErrorCode::unsupported &&
             std::string(error.what()).starts_with("tokenizer.ggml.model");
    });
    refused(metadata.set("x.vocab_size", std::int64_t{-1}), ErrorCode::invalid, "x.vocab_size");
  }
}

BOOST_AUTO_TEST_CASE(ids_out_of_range_count_as_none_and_are_warned_of) {
  for (const std::int64_t id : {std::int64_t{256}, std::int64_t{-2}, std::int64_t{1} << 40}) {
    std::vector<std::string> warnings;
    auto metadata = byte_level({});
    metadata.set("tokenizer.ggml.bos_token_id", id).set("tokenizer.ggml.add_bos_token", true);
    const auto tokenizer = Tokenizer::make(metadata, &warnings);

    BOOST_TEST(tokenizer->bos() == -1);
    BOOST_TEST(!tokenizer->adds_bos());
    BOOST_TEST(tokenizer->encode("a") == Tokens{97});
    BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
    BOOST_TEST(warnings[0].starts_with("tokenizer.ggml.bos_token_id"));
  }
}

BOOST_AUTO_TEST_CASE(default_ids_outside_a_tiny_vocabulary_count_as_none) {
  MemoryMetadata metadata;
  metadata.set("tokenizer.ggml.model", "llama").set("tokenizer.ggml.tokens", Texts{"a"});
  metadata.set("tokenizer.ggml.scores", std::vector<float>{0});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->bos() == -1);
  BOOST_TEST(tokenizer->eos() == -1);
}

BOOST_AUTO_TEST_CASE(byte_tokens_that_spell_no_byte_are_warned_of_and_not_used) {
  for (const std::string spelling :
       {"<0x-1>", "<0xZZ>", "<0x1>", "<0x100>", "<0x 1>", "<0x+1>", ""}) {
    auto metadata = sentence_pieces({"a"});
    Texts tokens;
    const auto listed = metadata.texts("tokenizer.ggml.tokens");
    for (const auto text : *listed) tokens.emplace_back(text);
    tokens[3] = spelling;  // <0x00>
    metadata.set("tokenizer.ggml.tokens", tokens);
    std::vector<std::string> warnings;
    const auto tokenizer = Tokenizer::make(metadata, &warnings);

    BOOST_TEST(warnings.size() == 1u);
    BOOST_TEST(tokenizer->piece(3) == spelling);
    BOOST_TEST(tokenizer->encode(std::string("\0", 1), {.add_special = false}).back() == 0);
  }
}

BOOST_AUTO_TEST_CASE(empty_and_repeated_tokens_do_no_harm) {
  auto metadata = sentence_pieces({"", "a", "a", "a", "", "ab", "b", space});
  const auto spm = Tokenizer::make(metadata);
  BOOST_TEST(spm->decode(spm->encode("abab")) == "abab");

  metadata.set("tokenizer.ggml.token_type",
               std::vector<std::int32_t>(metadata.texts("tokenizer.ggml.tokens")->size(), 3));
  const auto all_special = Tokenizer::make(metadata);
  BOOST_TEST(all_special->decode(all_special->encode("abab"), true).find("abab") !=
             std::string::npos);

  const auto byte_metadata = byte_level({" ", "a a", "a a", "a "});
  const auto bpe = Tokenizer::make(byte_metadata);
  BOOST_TEST(bpe->decode(bpe->encode("aaaa")) == "aaaa");
}

BOOST_AUTO_TEST_CASE(a_token_of_half_a_mebibyte_does_no_harm) {
  const std::string giant(512 * 1024, 'q');
  auto metadata = sentence_pieces({giant, "q", space});
  const auto tokenizer = Tokenizer::make(metadata);
  BOOST_TEST((tokenizer->decode(tokenizer->encode(giant)) == giant));

  metadata.set("tokenizer.ggml.token_type",
               std::vector<std::int32_t>(metadata.texts("tokenizer.ggml.tokens")->size(), 4));
  const auto special = Tokenizer::make(metadata);
  BOOST_TEST(special->encode(giant).size() >= giant.size());
}

BOOST_AUTO_TEST_CASE(token_types_that_do_not_exist_count_as_normal) {
  auto metadata = byte_level({});
  std::vector<std::int32_t> types(256, 1);
  types[97] = 99;
  types[98] = -5;
  metadata.set("tokenizer.ggml.token_type", types);
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->decode(tokenizer->encode("abc")) == "abc");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(word_piece)

const std::string mark = space;

BOOST_AUTO_TEST_CASE(words_are_made_of_the_longest_pieces_in_lower_case_without_accents) {
  const auto metadata = word_pieces({mark + "hel", mark + "hello", "lo", "s", mark + "eleve"});
  const auto tokenizer = Tokenizer::make(metadata);

  BOOST_TEST(tokenizer->kind() == "wpm");
  BOOST_TEST(spelled(*tokenizer, "HELLOs", {.add_special = false}) == mark + "hello|s");
  BOOST_TEST(spelled(*tokenizer, "\xC3\xA9l\xC3\xA8ve", {.add_special = false}) == mark + "eleve");
  BOOST_TEST(spelled(*tokenizer, "hello") == "[CLS]|" + mark + "hello|[SEP]");
  BOOST_TEST(tokenizer->decode(tokenizer->encode("hello  hellos")) == "hello hellos");
}

BOOST_AUTO_TEST_CASE(case_and_accents_stay_where_the_file_says_so) {
  auto metadata = word_pieces({mark + "ab", mark + "Ab",
                               mark + "\xC3\xA4"
                                      "b",
                               mark + "\xC3\x84"
                                      "b"});
  const auto plain = [&] {
    return spelled(*Tokenizer::make(metadata),
                   "\xC3\x84"
                   "b",
                   {false, false});
  };
  BOOST_TEST(plain() == mark + "ab");

  metadata.set("tokenizer.ggml.normalizer.strip_accents", false);
  BOOST_TEST(plain() == mark + "\xC3\xA4"
                               "b");
  metadata.set("tokenizer.ggml.normalizer.lowercase", false);
  BOOST_TEST(plain() == mark + "\xC3\x84"
                               "b");
  metadata.set("tokenizer.ggml.normalizer.strip_accents", true);
  BOOST_TEST(plain() == mark + "Ab");
}

BOOST_AUTO_TEST_CASE(a_word_that_pieces_do_not_cover_is_unknown_as_a_whole) {
  const auto metadata = word_pieces({mark + "a", "b", mark + ",", mark + "\xE6\x97\xA5"});
  const auto tokenizer = Tokenizer::make(metadata);
  const auto plain = [&](std::string_view text) {
    return spelled(*tokenizer, text, {.add_special = false});
  };

  BOOST_TEST(plain("abx a") == "[UNK]|" + mark + "a");
  BOOST_TEST(plain("ab,a") == mark + "a|b|" + mark + ",|" + mark + "a");
  BOOST_TEST(plain("a\xE6\x97\xA5\xE6\x97\xA5") ==
             mark + "a|" + mark + "\xE6\x97\xA5|" + mark + "\xE6\x97\xA5");
  BOOST_TEST(plain("") == "");
  BOOST_TEST(plain("\xFF\xFE\t\n") == "");
  BOOST_TEST(plain(std::string(100'000, 'x')) == "[UNK]");
}

BOOST_AUTO_TEST_SUITE_END()
