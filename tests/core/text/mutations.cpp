// Vocabularies with random damage and texts of random bytes: an error, or tokens of the vocabulary
// whose text can be read.
#include <boost/test/unit_test.hpp>

#include <bit>

#include "quipu/error.h"
#include "quipu/tokenizer.h"
#include "small_vocabularies.h"
#include "support/mutation.h"
#include "text/pre_tokenizer_patterns.h"
#include "text/utf8.h"

using quipu::Token;
using quipu::Tokenizer;
using quipu::test::MemoryMetadata;
using quipu::test::Mutation;

namespace {

std::vector<std::string> copy_of(const MemoryMetadata& metadata, const std::string& key) {
  const auto views = metadata.texts(key).value_or(std::vector<std::string_view>());
  return {views.begin(), views.end()};
}

MemoryMetadata vocabulary(Mutation& random) {
  std::vector<std::string> texts;
  for (std::size_t i = random.below(60); i > 0; --i) {
    const std::string left = random.text(2), right = random.text(2);
    texts.push_back(random.one_in(4) ? left + right : left + " " + right);
  }
  static const std::string kinds[] = {"t5", "gemma4", "plamo2"};
  switch (random.below(6)) {
  case 0:
    return quipu::test::sentence_pieces(texts);
  case 1:
    return quipu::test::pieces_of_kind(kinds[random.below(std::size(kinds))], texts);
  case 2:
    return quipu::test::world_tokens(texts);
  case 3:
    return quipu::test::word_pieces(texts);
  default:
    break;
  }
  for (std::string& text : texts)
    if (text.find(' ') == std::string::npos) text += " x";
  auto metadata = quipu::test::byte_level(texts, {"<s>", "a'"});
  const auto& named = quipu::patterns::named;
  metadata.set("tokenizer.ggml.pre", std::string(named[random.below(std::size(named))].name));
  return metadata;
}

void damage(MemoryMetadata& metadata, Mutation& random) {
  static const std::string ids[] = {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                                    "tokenizer.ggml.unknown_token_id",
                                    "tokenizer.ggml.eot_token_id"};
  static const std::string flags[] = {
      "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token",
      "tokenizer.ggml.add_space_prefix", "tokenizer.ggml.remove_extra_whitespaces"};
  const std::string tokens_key = "tokenizer.ggml.tokens", merges_key = "tokenizer.ggml.merges";
  auto tokens = copy_of(metadata, tokens_key);
  if (tokens.empty()) return;
  switch (random.below(8)) {
  case 0:
    tokens[random.below(tokens.size())] = random.one_in(2) ? random.text(3) : random.bytes(12);
    metadata.set(tokens_key, tokens);
    break;
  case 1:
    tokens.resize(random.below(2 * tokens.size()));
    metadata.set(tokens_key, tokens);
    if (random.one_in(2)) metadata.erase("tokenizer.ggml.token_type");
    break;
  case 2: {
    auto merges = copy_of(metadata, merges_key);
    merges.push_back(random.one_in(2) ? random.bytes(6) : random.text(3));
    metadata.set(merges_key, merges);
    break;
  }
  case 3: {
    std::vector<std::int32_t> types(tokens.size());
    for (std::int32_t& type : types) type = static_cast<std::int32_t>(random.below(9)) - 1;
    metadata.set("tokenizer.ggml.token_type", types);
    break;
  }
  case 4: {
    std::vector<float> scores(tokens.size());
    for (float& score : scores)
      score = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    metadata.set("tokenizer.ggml.scores", scores);
    break;
  }
  case 5:
    metadata.set(ids[random.below(std::size(ids))], random.number());
    break;
  case 6:
    metadata.set(ids[random.below(std::size(ids))],
                 static_cast<std::int32_t>(random.number() % tokens.size()));
    break;
  default:
    metadata.set(flags[random.below(std::size(flags))], random.one_in(2));
    break;
  }
}

void use(const Tokenizer& tokenizer, Mutation& random) {
  const std::string text = random.one_in(2) ? random.text(60) : random.bytes(300);
  const auto tokens =
      tokenizer.encode(text, {.add_special = random.one_in(2), .parse_special = random.one_in(2)});
  quipu::TextStream stream(tokenizer);
  std::string streamed;
  for (const Token token : tokens) {
    BOOST_REQUIRE(token >= 0 && static_cast<std::size_t>(token) < tokenizer.size());
    streamed += stream.push(token);
    tokenizer.ends_generation(token);
    tokenizer.is_special(token);
    tokenizer.spelling(token);
  }
  streamed += stream.finish();
  BOOST_REQUIRE(quipu::valid_utf8(streamed) == streamed);
  tokenizer.decode(tokens, true);
}

}  // namespace

BOOST_AUTO_TEST_CASE(any_vocabulary_is_refused_or_makes_tokens_of_any_bytes) {
  Mutation random(3);
  std::size_t refused = 0, made = 0;
  for (int round = 0; round < 1200; ++round) {
    auto metadata = vocabulary(random);
    for (std::size_t i = random.below(5); i > 0; --i) damage(metadata, random);
    std::unique_ptr<Tokenizer> tokenizer;
    try {
      std::vector<std::string> warnings;
      tokenizer = Tokenizer::make(metadata, &warnings);
    } catch (const quipu::Error& error) {
      BOOST_REQUIRE(error.code() == quipu::ErrorCode::invalid);
      ++refused;
      continue;
    }
    ++made;
    for (int i = 0; i < 4; ++i) use(*tokenizer, random);
  }

  BOOST_TEST(refused > 20u);
  BOOST_TEST(made > 100u);
}

BOOST_AUTO_TEST_CASE(a_whole_byte_level_vocabulary_gives_back_any_bytes) {
  Mutation random(4);
  for (const auto& named : quipu::patterns::named) {
    auto metadata = quipu::test::byte_level({"a b", "c c", "ab c", "1 1", "\xC4\xA0 a"});
    metadata.set("tokenizer.ggml.pre", std::string(named.name));
    const auto tokenizer = Tokenizer::make(metadata);
    for (int i = 0; i < 20; ++i) {
      const std::string text = i % 2 ? random.text(40) : random.bytes(200);
      BOOST_TEST(tokenizer->decode(tokenizer->encode(text, {.add_special = false}), true) == text);
    }
  }
}
