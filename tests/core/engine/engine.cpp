// The engine against a plain loop: whatever shares a batch or a cache, each request's answer is the
// one that it has alone.
#include "quipu/engine.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include "quipu/error.h"
#include "toy_model.h"

using quipu::Engine;
using quipu::EngineOptions;
using quipu::Error;
using quipu::ErrorCode;
using quipu::FinishReason;
using quipu::Request;
using quipu::RequestId;
using quipu::Result;
using quipu::SamplerOptions;
using quipu::Token;
using toy::diary;
using toy::engine_of;
using toy::tokens_of;
using Tokens = std::vector<Token>;

namespace {

const SamplerOptions greedy{.temperature = 0};

Request request_of(Tokens prompt, std::int64_t most = 5, SamplerOptions sampling = greedy) {
  return {.prompt = std::move(prompt), .max_tokens = most, .sampling = sampling};
}

std::map<RequestId, Result> finish_all(Engine& engine, const std::vector<RequestId>& ids) {
  while (engine.step()) {
  }
  std::map<RequestId, Result> results;
  for (const RequestId id : ids)
    if (auto result = engine.take(id)) results[id] = std::move(*result);
  return results;
}

void refused(const std::function<void()>& call, ErrorCode code, const std::string& part) {
  BOOST_CHECK_EXCEPTION(call(), Error, [&](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == code && std::string(error.what()).find(part) != std::string::npos;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(one_request_is_answered_as_by_a_plain_loop) {
  auto engine = engine_of();
  const Result result = engine.run(request_of(tokens_of("quipu"), 7));

  BOOST_TEST(result.tokens == toy::plain_answer(tokens_of("quipu"), 7, greedy));
  BOOST_TEST(result.reason == FinishReason::length);
  BOOST_TEST(result.prompt_tokens == 5u);
  BOOST_TEST(result.reused_tokens == 0u);
  BOOST_TEST(result.text == engine.model().tokenizer().decode(result.tokens));
}

BOOST_AUTO_TEST_CASE(a_seed_gives_what_it_gives_in_a_plain_loop) {
  const SamplerOptions options{.temperature = 1.5f, .repeat_penalty = 1.3f, .seed = 11};
  auto engine = engine_of();
  const Result result = engine.run(request_of(tokens_of("seed"), 30, options));

  BOOST_TEST(result.tokens == toy::plain_answer(tokens_of("seed"), 30, options));
  BOOST_TEST(result.seed == 11u);
}

BOOST_AUTO_TEST_CASE(many_requests_at_once_are_answered_as_each_alone) {
  for (const std::uint32_t batch : {1u, 2u, 3u, 7u, 64u})
    for (const std::uint32_t sequences : {1u, 3u, 8u}) {
      auto engine = engine_of({.context = 64, .batch = batch, .sequences = sequences});
      std::map<RequestId, Tokens> expected;
      std::vector<RequestId> ids;
      for (std::uint64_t i = 0; i < 12; ++i) {
        const Tokens prompt =
            tokens_of(std::string(1 + i * 7 % 20, static_cast<char>('a' + i % 5)));
        const SamplerOptions options{.temperature = i % 2 ? 0.0f : 1.0f, .seed = i};
        const std::int64_t most = static_cast<std::int64_t>(1 + i * 5 % 13);
        ids.push_back(engine.submit(request_of(prompt, most, options)));
        expected[ids.back()] = toy::plain_answer(prompt, static_cast<std::size_t>(most), options);
      }
      const auto results = finish_all(engine, ids);

      for (const auto& [id, tokens] : expected)
        BOOST_TEST(results.at(id).tokens == tokens, "batch " << batch << ", request " << id);
    }
}

BOOST_AUTO_TEST_CASE(requests_may_come_while_others_run) {
  auto engine = engine_of({.context = 64, .batch = 4, .sequences = 2});
  std::vector<RequestId> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(engine.submit(request_of(tokens_of("late"), 4)));
    engine.step();
  }
  const auto results = finish_all(engine, ids);

  for (const auto& [id, result] : results)
    BOOST_TEST(result.tokens == toy::plain_answer(tokens_of("late"), 4, greedy));
  BOOST_TEST(results.size() == 6u);
}

BOOST_AUTO_TEST_CASE(a_sequence_that_decodes_does_not_wait_for_anothers_prompt) {
  auto engine = engine_of({.context = 64, .batch = 4, .sequences = 2});
  engine.submit(request_of(tokens_of("ab"), 10));
  engine.step();
  engine.submit(request_of(tokens_of("zyxwvutsrq"), 10));
  engine.step();
  engine.step();

  const std::vector<std::string> expected{"run 0:2", "run 0:1 1:3", "run 0:1 1:3"};
  BOOST_TEST(diary(engine) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(where_more_decode_than_a_batch_holds_none_starves) {
  auto engine = engine_of({.context = 64, .batch = 2, .sequences = 5});
  std::map<int, int> shown;
  for (int i = 0; i < 5; ++i) {
    auto request = request_of(tokens_of(std::string(1, static_cast<char>('a' + i))), 40);
    request.on_token = [&shown, i](Token, std::string_view) {
      ++shown[i];
      return true;
    };
    engine.submit(std::move(request));
  }
  for (int i = 0; i < 40; ++i) engine.step();

  for (int i = 0; i < 5; ++i) BOOST_TEST(shown[i] >= 10, "request " << i << ": " << shown[i]);
}

BOOST_AUTO_TEST_CASE(nothing_left_to_do_is_said) {
  auto engine = engine_of();
  BOOST_TEST(!engine.step());
  const RequestId id = engine.submit(request_of(tokens_of("a"), 1));
  BOOST_TEST(!engine.take(id).has_value());
  BOOST_TEST(!engine.step());

  BOOST_TEST(engine.take(id).has_value());
  BOOST_TEST(!engine.take(id).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ends)

BOOST_AUTO_TEST_CASE(the_end_token_ends_an_answer_and_is_no_part_of_it) {
  auto engine = engine_of();
  const Result result = engine.run(request_of(toy::answered_with("knot"), -1));

  BOOST_TEST(result.text == "knot");
  BOOST_TEST(result.tokens.size() == 4u);
  BOOST_TEST(result.reason == FinishReason::stop);
}

BOOST_AUTO_TEST_CASE(an_answer_may_be_empty) {
  auto engine = engine_of();
  const Result result = engine.run(request_of(toy::answered_with(""), -1));

  BOOST_TEST(result.text == "");
  BOOST_TEST(result.reason == FinishReason::stop);
}

BOOST_AUTO_TEST_CASE(the_end_token_can_be_ignored) {
  auto engine = engine_of();
  auto request = request_of(toy::answered_with("knot"), 6);
  request.ignore_end = true;
  const Result result = engine.run(std::move(request));

  BOOST_TEST(result.text == "knot");
  BOOST_TEST(result.tokens.size() == 6u);
  BOOST_TEST(result.reason == FinishReason::length);
}

BOOST_AUTO_TEST_CASE(most_tokens_of_0_runs_nothing) {
  auto engine = engine_of();
  const Result result = engine.run(request_of(tokens_of("abc"), 0));

  BOOST_TEST(result.tokens.empty());
  BOOST_TEST(result.reason == FinishReason::length);
  BOOST_TEST(diary(engine).empty());
}

BOOST_AUTO_TEST_CASE(a_full_context_ends_an_answer_after_its_last_token) {
  auto engine = engine_of({.context = 8});
  const Result result = engine.run(request_of(tokens_of("abc"), -1));

  BOOST_TEST(result.tokens == toy::plain_answer(tokens_of("abc"), 6, greedy));
  BOOST_TEST(result.reason == FinishReason::context_full);
}

BOOST_AUTO_TEST_CASE(a_prompt_as_long_as_the_context_gives_one_token) {
  auto engine = engine_of({.context = 3});
  const Result result = engine.run(request_of(tokens_of("abc"), -1));

  BOOST_TEST(result.tokens.size() == 1u);
  BOOST_TEST(result.reason == FinishReason::context_full);
}

BOOST_AUTO_TEST_CASE(a_stop_text_ends_an_answer_across_tokens_and_is_not_shown) {
  auto engine = engine_of();
  auto request = request_of(toy::answered_with("onestoptwo"), -1);
  request.stop = {"xyz", "stop"};
  std::string shown;
  request.on_token = [&](Token, std::string_view text) {
    shown += text;
    BOOST_TEST(std::string("one").starts_with(shown));
    return true;
  };
  const Result result = engine.run(std::move(request));

  BOOST_TEST(result.text == "one");
  BOOST_TEST(shown == "one");
  BOOST_TEST(result.tokens.size() == 7u);
  BOOST_TEST(result.reason == FinishReason::stop);
}

BOOST_AUTO_TEST_CASE(an_answer_never_has_a_banned_text_and_is_else_what_it_was) {
  auto engine = engine_of();
  const std::string free = engine.run(request_of(tokens_of("ab"), 20)).text;
  auto request = request_of(tokens_of("ab"), 20);
  request.banned = {free.substr(4, 3)};
  const std::string text = engine.run(std::move(request)).text;

  BOOST_TEST(text.size() == 20u);
  BOOST_TEST(text.substr(0, 6) == free.substr(0, 6));
  BOOST_TEST(text[6] != free[6]);
  BOOST_TEST(text.find(free.substr(4, 3)) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_banned_text_cannot_come_byte_by_byte) {
  auto engine = engine_of();
  const Tokens euro{toy::euro_bytes, toy::euro_bytes + 1, toy::euro_bytes + 2};
  Tokens prompt{toy::script, toy::counts + 3};
  prompt.insert(prompt.end(), euro.begin(), euro.end());
  BOOST_REQUIRE_EQUAL(engine.run(request_of(prompt, 3)).text, "\xE2\x82\xAC");
  auto request = request_of(prompt, 3);
  request.banned = {"\xE2\x82\xAC"};
  const Result result = engine.run(std::move(request));

  BOOST_TEST(result.tokens[1] == euro[1]);
  BOOST_TEST(result.tokens[2] != euro[2]);
}

BOOST_AUTO_TEST_CASE(what_only_begins_like_a_stop_text_is_shown) {
  auto engine = engine_of();
  for (const std::int64_t most : {std::int64_t{-1}, std::int64_t{6}}) {
    auto request = request_of(toy::answered_with("onesto"), most);
    request.stop = {"stop"};
    std::string shown;
    request.on_token = [&](Token, std::string_view text) {
      shown += text;
      return true;
    };
    const Result result = engine.run(std::move(request));

    BOOST_TEST(result.text == "onesto");
    BOOST_TEST(shown == "onesto");
  }
}

BOOST_AUTO_TEST_CASE(text_is_shown_in_whole_code_points) {
  auto engine = engine_of();
  auto request = request_of(toy::answered_with("a\xE2\x82\xAC"
                                               "b"),
                            -1);
  std::vector<std::string> shown;
  request.on_token = [&](Token, std::string_view text) {
    shown.emplace_back(text);
    return true;
  };
  engine.run(std::move(request));

  const std::vector<std::string> expected{"a", "", "", "\xE2\x82\xAC", "b"};
  BOOST_TEST(shown == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_code_point_without_its_end_is_replaced) {
  auto engine = engine_of();
  const Result result = engine.run(request_of(toy::answered_with("a\xE2\x82"), -1));

  BOOST_TEST(result.text == "a\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_CASE(special_tokens_have_text_only_where_they_are_asked_for) {
  auto engine = engine_of();
  const Tokens prompt{toy::script, toy::counts + 4, toy::letters, 40, 41, toy::letters + 1};
  auto request = request_of(prompt, -1);
  request.spelled = {41, 50};

  BOOST_TEST(engine.run(request_of(prompt, -1)).text == "ab");
  BOOST_TEST(engine.run(std::move(request)).text == "a<41>b");
}

BOOST_AUTO_TEST_CASE(an_answer_goes_on_in_the_middle_of_a_code_point_or_a_stop_text) {
  auto engine = engine_of();
  for (std::size_t cut = 0; cut <= 9; ++cut) {
    Tokens answer, prompt = toy::answered_with("a\xE2\x82\xAC"
                                               "stsop");
    const auto run = [&](std::size_t most) {
      auto request = request_of(prompt, -1);
      request.prompt.insert(request.prompt.end(), answer.begin(), answer.end());
      request.answered = answer.size();
      request.stop = {"so"};
      request.on_token = [&](Token token, std::string_view) {
        answer.push_back(token);
        return answer.size() < most;
      };
      return engine.run(std::move(request)).text;
    };
    const std::string begun = cut ? run(cut) : "";

    const bool whole = cut >= 8;  // the stop text came before the cut
    BOOST_TEST(begun + (whole ? "" : run(100)) == "a\xE2\x82\xAC"
                                                  "st");
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cancelling)

BOOST_AUTO_TEST_CASE(on_token_cancels_by_false_and_is_not_called_again) {
  auto engine = engine_of();
  auto request = request_of(toy::answered_with("onesto"), -1);
  request.stop = {"stop"};
  int calls = 0;
  request.on_token = [&](Token, std::string_view) { return ++calls < 5; };
  const Result result = engine.run(std::move(request));

  BOOST_TEST(calls == 5);
  BOOST_TEST(result.tokens.size() == 5u);
  BOOST_TEST(result.reason == FinishReason::cancelled);
}

BOOST_AUTO_TEST_CASE(a_request_can_be_cancelled_in_the_queue_in_its_prompt_and_in_its_answer) {
  auto engine = engine_of({.context = 64, .batch = 4, .sequences = 2});
  const RequestId answering = engine.submit(request_of(tokens_of("a"), 20));
  const RequestId reading = engine.submit(request_of(tokens_of("abcdefghij"), 20));
  const RequestId waiting = engine.submit(request_of(tokens_of("b"), 20));
  engine.step();
  for (const RequestId id : {answering, reading, waiting}) engine.cancel(id);

  for (const RequestId id : {answering, reading, waiting})
    BOOST_TEST(engine.take(id).value().reason == FinishReason::cancelled);
  BOOST_TEST(!engine.step());
}

BOOST_AUTO_TEST_CASE(cancelling_what_is_not_there_does_nothing) {
  auto engine = engine_of();
  engine.cancel(77);
  const RequestId id = engine.submit(request_of(tokens_of("a"), 1));
  engine.step();
  engine.cancel(id);

  BOOST_TEST(engine.take(id).value().reason == FinishReason::length);
}

BOOST_AUTO_TEST_CASE(on_token_may_cancel_any_request_and_submit_others) {
  auto engine = engine_of({.context = 64, .sequences = 3});
  RequestId second = 0, third = 0;
  auto request = request_of(tokens_of("a"), 20);
  request.on_token = [&](Token, std::string_view) {
    engine.cancel(second);
    if (third == 0) third = engine.submit(request_of(tokens_of("c"), 3));
    engine.cancel(1);
    return true;
  };
  const RequestId first = engine.submit(std::move(request));
  second = engine.submit(request_of(tokens_of("b"), 20));
  while (engine.step()) {
  }

  BOOST_TEST(engine.take(first).value().reason == FinishReason::cancelled);
  BOOST_TEST(engine.take(second).value().reason == FinishReason::cancelled);
  BOOST_TEST(engine.take(third).value().tokens == toy::plain_answer(tokens_of("c"), 3, greedy));
}

BOOST_AUTO_TEST_CASE(on_token_must_not_step) {
  auto engine = engine_of();
  auto request = request_of(tokens_of("a"), 20);
  request.on_token = [&](Token, std::string_view) { return engine.step(); };
  const Result result = engine.run(std::move(request));

  BOOST_TEST(result.reason == FinishReason::failed);
  BOOST_TEST(result.message.find("step") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(a_request_that_fails_harms_no_other) {
  auto engine = engine_of({.context = 64, .sequences = 4});
  Tokens poisoned = tokens_of("abc");
  poisoned.push_back(toy::poison);
  const RequestId before = engine.submit(request_of(tokens_of("ab"), 6));
  engine.step();
  const RequestId bad = engine.submit(request_of(poisoned, 6));
  const RequestId after = engine.submit(request_of(tokens_of("cd"), 6));
  const auto results = finish_all(engine, {before, bad, after});

  BOOST_TEST(results.at(bad).reason == FinishReason::failed);
  BOOST_TEST(results.at(bad).message.find("poisoned") != std::string::npos);
  BOOST_TEST(results.at(before).tokens == toy::plain_answer(tokens_of("ab"), 6, greedy));
  BOOST_TEST(results.at(after).tokens == toy::plain_answer(tokens_of("cd"), 6, greedy));
}

BOOST_AUTO_TEST_CASE(logits_that_are_no_numbers_fail_their_request) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  const RequestId bad = engine.submit(request_of({3, toy::no_numbers}, 6));
  const RequestId good = engine.submit(request_of(tokens_of("cd"), 6));
  const auto results = finish_all(engine, {bad, good});

  BOOST_TEST(results.at(bad).reason == FinishReason::failed);
  BOOST_TEST(results.at(bad).message.find("NaN") != std::string::npos);
  BOOST_TEST(results.at(good).tokens == toy::plain_answer(tokens_of("cd"), 6, greedy));
}

BOOST_AUTO_TEST_CASE(an_on_token_that_throws_fails_its_request) {
  auto engine = engine_of({.context = 64, .sequences = 2});
  auto request = request_of(tokens_of("ab"), 6);
  request.on_token = [](Token, std::string_view) -> bool { throw std::runtime_error("gone"); };
  const RequestId bad = engine.submit(std::move(request));
  const RequestId good = engine.submit(request_of(tokens_of("cd"), 6));
  const auto results = finish_all(engine, {bad, good});

  BOOST_TEST(results.at(bad).reason == FinishReason::failed);
  BOOST_TEST(results.at(bad).message == "gone");
  BOOST_TEST(results.at(good).tokens == toy::plain_answer(tokens_of("cd"), 6, greedy));
}

BOOST_AUTO_TEST_CASE(an_engine_goes_on_after_a_failure) {
  auto engine = engine_of();
  Tokens poisoned = tokens_of("abc");
  poisoned.push_back(toy::poison);
  BOOST_TEST(engine.run(request_of(poisoned, 6)).reason == FinishReason::failed);

  BOOST_TEST(engine.run(request_of(tokens_of("abcd"), 6)).tokens ==
             toy::plain_answer(tokens_of("abcd"), 6, greedy));
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_refused_before_it_is_queued) {
  auto engine = engine_of({.context = 4});
  refused([&] { engine.submit(request_of({})); }, ErrorCode::usage, "prompt");
  refused([&] { engine.submit(request_of(tokens_of("abcde"))); }, ErrorCode::usage, "4");
  refused([&] { engine.submit(request_of({-1})); }, ErrorCode::usage, "-1");
  refused([&] { engine.submit(request_of({toy::width})); }, ErrorCode::usage, "80");
  refused([&] { engine.submit(request_of(tokens_of("a"), 5, {.temperature = -1})); },
          ErrorCode::usage, "temperature");
  auto banning_nothing = request_of(tokens_of("a"));
  banning_nothing.banned = {""};
  refused([&] { engine.submit(banning_nothing); }, ErrorCode::usage, "banned");
  refused([&] { engine.submit({.prompt = tokens_of("a"), .answered = 2}); }, ErrorCode::usage,
          "answered");
  refused([] { engine_of({.batch = 0x80000000}); }, ErrorCode::usage, "batch");
  refused([] { engine_of({.sequences = 0}); }, ErrorCode::usage, "sequences");
  refused([] { engine_of({.context = 0x80000000u}); }, ErrorCode::usage, "context");

  BOOST_TEST(!engine.step());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(the_context_is_the_models_at_most_4096_unless_it_is_asked_for) {
  BOOST_TEST(engine_of({}, 2048).context() == 2048u);
  BOOST_TEST(engine_of({}, 131072).context() == 4096u);
  BOOST_TEST(engine_of({}, 0).context() == 4096u);
  BOOST_TEST(engine_of({.context = 8192}, 2048).context() == 8192u);
}

BOOST_AUTO_TEST_CASE(the_backend_is_told_what_was_asked_for) {
  auto engine = engine_of({.context = 100,
                           .batch = 32,
                           .sequences = 3,
                           .cells = 150,
                           .kv = quipu::KvType::q8_0,
                           .deterministic = true});

  BOOST_TEST(engine.explain().back() ==
             "options context 100 batch 32 sequences 4 cells 150 flags 1 kv 1");
}

BOOST_AUTO_TEST_CASE(a_run_has_512_tokens_unless_something_else_is_asked_for) {
  BOOST_TEST(engine_of({.context = 1000}).batch() == 512u);
  BOOST_TEST(engine_of({.context = 1000, .batch = 64}).batch() == 64u);
  BOOST_TEST(engine_of({.context = 100}).batch() == 100u);
}

BOOST_AUTO_TEST_CASE(cells_are_enough_for_every_sequence_unless_said_otherwise) {
  auto engine = engine_of({.context = 100, .batch = 512, .sequences = 3});

  BOOST_TEST(engine.explain().back() ==
             "options context 100 batch 300 sequences 4 cells 300 flags 0 kv 0");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(logits)

BOOST_AUTO_TEST_CASE(logits_are_those_of_every_prefix_in_batches_and_step_by_step) {
  const Tokens tokens = tokens_of("abcdefghijk");
  std::vector<float> expected;
  for (std::size_t i = 1; i <= tokens.size(); ++i) {
    const auto row = toy::logits(std::span(tokens).first(i));
    expected.insert(expected.end(), row.begin(), row.end());
  }
  for (const std::uint32_t batch : {1u, 4u, 512u}) {
    auto engine = engine_of({.context = 16, .batch = batch});
    BOOST_TEST((engine.logits(tokens) == expected));
    BOOST_TEST((engine.logits(tokens, false, true) == expected));
    BOOST_TEST((engine.logits(tokens, true) ==
                std::vector<float>(expected.end() - toy::width, expected.end())));
  }
}

BOOST_AUTO_TEST_CASE(nothing_of_logits_stays_in_the_cache) {
  auto engine = engine_of({.context = 16, .cells = 16});
  engine.logits(tokens_of("abcdefgh"));
  Tokens poisoned = tokens_of("abcdefg");
  poisoned.push_back(toy::poison);
  refused([&] { engine.logits(poisoned); }, ErrorCode::invalid, "poisoned");
  const Result result = engine.run(request_of(tokens_of("abcdefgh"), 8));

  BOOST_TEST(result.reused_tokens == 0u);
  BOOST_TEST(result.tokens == toy::plain_answer(tokens_of("abcdefgh"), 8, greedy));
}

BOOST_AUTO_TEST_CASE(logits_wait_for_no_request_and_disturb_none) {
  auto engine = engine_of({.context = 16, .sequences = 2});
  const RequestId id = engine.submit(request_of(tokens_of("ab"), 4));
  engine.step();
  refused([&] { engine.logits(tokens_of("ab")); }, ErrorCode::usage, "under way");

  BOOST_TEST(finish_all(engine, {id}).at(id).tokens ==
             toy::plain_answer(tokens_of("ab"), 4, greedy));
}

BOOST_AUTO_TEST_SUITE_END()
