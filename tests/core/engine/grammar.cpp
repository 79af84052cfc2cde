// Answers that follow a grammar: what they are, and why they end.
#include "quipu/grammar.h"

#include <boost/test/unit_test.hpp>

#include "quipu/engine.h"
#include "toy_model.h"

using quipu::Engine;
using quipu::EngineOptions;
using quipu::FinishReason;
using quipu::Grammar;
using quipu::Request;
using quipu::Result;
using quipu::Token;
using toy::engine_of;

namespace {

Request request_of(const std::string& gbnf, std::int64_t most = 50) {
  return {.prompt = {toy::letters + 3, toy::letters + 9},
          .max_tokens = most,
          .sampling = {.temperature = 1, .seed = 5},
          .grammar = Grammar::from_gbnf(gbnf)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_follows_its_grammar_and_ends_when_nothing_can_follow) {
  Engine engine = engine_of();
  const auto request = request_of("root ::= \"ab\" [x-z]{3} (\"p\" | \"q\")");

  const Result result = engine.run(request);

  BOOST_TEST(result.reason == FinishReason::stop);
  BOOST_TEST(result.tokens.size() == 6u);
  BOOST_TEST(request.grammar->accepts(result.text), result.text);
}

BOOST_AUTO_TEST_CASE(an_answer_that_must_end_early_is_a_beginning_and_says_why) {
  Engine engine = engine_of();
  const auto request = request_of("root ::= [a-c]{20}", 7);

  const Result result = engine.run(request);

  BOOST_TEST(result.reason == FinishReason::length);
  BOOST_TEST(result.text.size() == 7u);
  BOOST_TEST(request.grammar->match(result.text).bytes == 7u);
}

BOOST_AUTO_TEST_CASE(a_full_context_is_said_of_an_unfinished_answer) {
  Engine engine = engine_of({.context = 8});
  const auto request = request_of("root ::= [a-c]{20}", -1);

  const Result result = engine.run(request);

  BOOST_TEST(result.reason == FinishReason::context_full);
  BOOST_TEST(request.grammar->match(result.text).bytes == result.text.size());
}

BOOST_AUTO_TEST_CASE(a_code_point_comes_byte_by_byte) {
  Engine engine = engine_of();

  const Result result = engine.run(request_of("root ::= \"a\" \"\xE2\x82\xAC\"{2}"));

  BOOST_TEST(result.reason == FinishReason::stop);
  BOOST_TEST(result.text == "a\xE2\x82\xAC\xE2\x82\xAC");
}

BOOST_AUTO_TEST_CASE(a_grammar_of_the_empty_text_gives_an_empty_answer) {
  Engine engine = engine_of();

  const Result result = engine.run(request_of("root ::= \"\""));

  BOOST_TEST(result.reason == FinishReason::stop);
  BOOST_TEST(result.text == "");
}

BOOST_AUTO_TEST_CASE(an_end_token_ends_an_answer_only_where_the_grammar_may_end) {
  Engine engine = engine_of();
  auto request = request_of("root ::= [a-c]{3}");
  // Likelier than anything else, wherever it is allowed.
  request.sampling.logit_bias = {{toy::end, 100.0f}};

  const Result result = engine.run(request);

  BOOST_TEST(result.reason == FinishReason::stop);
  BOOST_TEST(request.grammar->accepts(result.text), result.text);
}

BOOST_AUTO_TEST_CASE(banned_texts_hold_within_a_grammar) {
  Engine engine = engine_of();
  auto request = request_of("root ::= [a-c]{30}");
  request.banned = {"a", "bb"};

  const Result result = engine.run(request);

  BOOST_TEST(result.reason == FinishReason::stop);
  BOOST_TEST(request.grammar->accepts(result.text), result.text);
  BOOST_TEST(result.text.find('a') == std::string::npos);
  BOOST_TEST(result.text.find("bb") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(where_grammar_and_banned_texts_leave_nothing_the_request_fails) {
  Engine engine = engine_of();
  auto request = request_of("root ::= \"xa\"");
  request.banned = {"xa"};

  const Result result = engine.run(request);

  BOOST_TEST(result.reason == FinishReason::failed);
  BOOST_TEST(!result.message.empty());
}

BOOST_AUTO_TEST_CASE(answers_of_one_grammar_do_not_disturb_each_other) {
  Engine engine = engine_of({.sequences = 3});
  const auto request = request_of("root ::= ([a-f] [g-z]){4,9} \"a\"");
  const std::string alone = engine.run(request).text;

  std::vector<quipu::RequestId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(engine.submit(request));
  while (engine.step()) {
  }

  for (const auto id : ids) BOOST_TEST(engine.take(id)->text == alone);
}
