// Prompts that begin like something in the cache go on from there, and what nobody uses makes room.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "quipu/engine.h"
#include "toy_model.h"

using quipu::Engine;
using quipu::EngineOptions;
using quipu::FinishReason;
using quipu::Request;
using quipu::Result;
using quipu::Token;
using toy::diary;
using toy::engine_of;
using toy::tokens_of;
using Tokens = std::vector<Token>;

namespace {

Request request_of(Tokens prompt, std::int64_t most) {
  return {.prompt = std::move(prompt), .max_tokens = most, .sampling = {.temperature = 0}};
}

// Runs it, checks that the answer is right, and tells how many tokens were reused.
std::uint32_t reused(Engine& engine, const Tokens& prompt, std::int64_t most = 3) {
  const Result result = engine.run(request_of(prompt, most));
  BOOST_TEST(result.tokens ==
             toy::plain_answer(prompt, static_cast<std::size_t>(most), {.temperature = 0}));
  return result.reused_tokens;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_conversation_that_goes_on_runs_only_what_is_new) {
  auto engine = engine_of({.context = 64});
  Tokens prompt = tokens_of("hello");
  const Result first = engine.run(request_of(prompt, 4));
  prompt.insert(prompt.end(), first.tokens.begin(), first.tokens.end());
  prompt.push_back(toy::letters);

  // The last token of an answer was sampled and never run.
  BOOST_TEST(reused(engine, prompt) == 5u + 4 - 1);
}

BOOST_AUTO_TEST_CASE(the_same_prompt_again_runs_its_last_token) {
  auto engine = engine_of({.context = 64});
  BOOST_TEST(reused(engine, tokens_of("abcdef")) == 0u);
  BOOST_TEST(reused(engine, tokens_of("abcdef")) == 5u);
}

BOOST_AUTO_TEST_CASE(a_prompt_that_branches_off_goes_on_from_the_branch) {
  auto engine = engine_of({.context = 64});
  reused(engine, tokens_of("abcdef"));

  BOOST_TEST(reused(engine, tokens_of("abcxyz")) == 3u);
}

BOOST_AUTO_TEST_CASE(with_room_for_both_a_branch_is_a_copy_and_the_trunk_stays) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  reused(engine, tokens_of("abcdef"));

  BOOST_TEST(reused(engine, tokens_of("abcxyz")) == 3u);
  BOOST_TEST(reused(engine, tokens_of("abcdefgh")) == 6u);
  BOOST_TEST(diary(engine)[3] == "copy 0 to 1 up to 3");
}

BOOST_AUTO_TEST_CASE(a_prompt_begins_from_one_that_is_still_running) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  const auto first = engine.submit(request_of(tokens_of("abcdef"), 10));
  engine.step();
  const auto second = engine.submit(request_of(tokens_of("abcdxx"), 10));
  while (engine.step()) {
  }

  const Result result = engine.take(second).value();
  BOOST_TEST(result.reused_tokens == 4u);
  BOOST_TEST(result.tokens == toy::plain_answer(tokens_of("abcdxx"), 10, {.temperature = 0}));
  BOOST_TEST(engine.take(first).value().tokens ==
             toy::plain_answer(tokens_of("abcdef"), 10, {.temperature = 0}));
}

BOOST_AUTO_TEST_CASE(the_place_used_longest_ago_is_given_up_first) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  reused(engine, tokens_of("aaaa"));
  reused(engine, tokens_of("bbbb"));
  reused(engine, tokens_of("cccc"));

  BOOST_TEST(reused(engine, tokens_of("bbbb")) == 3u);
  BOOST_TEST(reused(engine, tokens_of("aaaa")) == 0u);
}

BOOST_AUTO_TEST_CASE(a_short_common_beginning_does_not_cost_a_long_conversation) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  reused(engine, tokens_of("zz"));
  reused(engine, tokens_of("abcdefghijklmnop"));

  BOOST_TEST(reused(engine, tokens_of("axy")) == 1u);
  BOOST_TEST(reused(engine, tokens_of("abcdefghijklmnopq")) == 16u);
}

BOOST_AUTO_TEST_CASE(finished_sequences_make_room_in_a_full_cache) {
  auto engine = engine_of({.context = 10, .sequences = 4, .cells = 16});
  for (const char* prompt : {"aaaaaa", "bbbbbb", "cccccc", "dddddd"})
    BOOST_TEST(reused(engine, tokens_of(prompt)) == 0u);
}

BOOST_AUTO_TEST_CASE(requests_that_share_a_full_cache_give_way_newest_first) {
  auto engine = engine_of({.context = 10, .sequences = 2, .cells = 10});
  const auto first = engine.submit(request_of(tokens_of("aaaa"), 5));
  const auto second = engine.submit(request_of(tokens_of("bbbb"), 5));
  while (engine.step()) {
  }

  const Result kept = engine.take(first).value(), lost = engine.take(second).value();
  BOOST_TEST(kept.tokens == toy::plain_answer(tokens_of("aaaa"), 5, {.temperature = 0}));
  BOOST_TEST(lost.reason == FinishReason::failed);
  BOOST_TEST(lost.message.find("10 tokens is full") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_request_larger_than_the_cache_fails_and_the_next_does_not) {
  auto engine = engine_of({.context = 20, .cells = 10});
  BOOST_TEST(engine.run(request_of(tokens_of("aaaaaaaaaaaaaaa"), 5)).reason ==
             FinishReason::failed);
  BOOST_TEST(reused(engine, tokens_of("bbbb")) == 0u);
}

BOOST_AUTO_TEST_CASE(clear_forgets_what_was_kept) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  reused(engine, tokens_of("abcdef"));
  engine.clear();

  BOOST_TEST(reused(engine, tokens_of("abcdef")) == 0u);
}
