// Prompts that grow keep the tokens that the model wrote.
#include "chat/prompt_tokens.h"

#include <boost/test/unit_test.hpp>

#include "support/memory_metadata.h"

using quipu::Token;
using quipu::app::PromptTokens;
using Tokens = std::vector<Token>;

namespace {

// "ab" is a token of its own, so text that is encoded anew has other tokens than a, b.
enum : Token { a, b, ab, c, begin, end };

struct Vocabulary {
  quipu::test::MemoryMetadata metadata;
  std::unique_ptr<quipu::Tokenizer> tokenizer;

  Vocabulary() {
    metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
    metadata.set("tokenizer.ggml.tokens",
                 std::vector<std::string>{"a", "b", "ab", "c", "<s>", "<e>"});
    metadata.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 1, 1, 1, 3, 3});
    metadata.set("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
    tokenizer = quipu::Tokenizer::make(metadata);
  }
  PromptTokens prompts() const {
    return {*tokenizer, [this](std::string_view text) {
              return tokenizer->encode(text, {.add_special = false});
            }};
  }
};

void equal(const Tokens& found, const Tokens& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_keeps_its_tokens) {
  const Vocabulary v;
  PromptTokens prompts = v.prompts();
  equal(prompts.of("<s>ab<e>"), {begin, ab, end});
  prompts.answered("cab", {c, a, b});

  equal(prompts.of("<s>ab<e>cab<e><s>c"), {begin, ab, end, c, a, b, end, begin, c});
  BOOST_TEST(prompts.fresh() == 3u);
  equal(prompts.of("<s>ab<e>cab<e><s>c"), {begin, ab, end, c, a, b, end, begin, c});
  BOOST_TEST(prompts.fresh() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_taken_back_or_changed_is_encoded_anew) {
  const Vocabulary v;
  PromptTokens prompts = v.prompts();
  prompts.of("<s>ab<e>");
  prompts.answered("cab", {c, a, b});

  equal(prompts.of("<s>ab<e>"), {begin, ab, end});
  prompts.answered("cab", {c, a, b});
  equal(prompts.of("<s>c<e>cab<e>"), {begin, c, end, c, ab, end});
}

BOOST_AUTO_TEST_CASE(where_no_special_token_comes_after_an_answer_all_is_encoded_anew) {
  const Vocabulary v;
  PromptTokens prompts = v.prompts();
  prompts.of("<s>");
  prompts.answered("ca", {c, a});

  equal(prompts.of("<s>cab"), {begin, c, ab});
}
