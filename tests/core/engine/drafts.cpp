// Guesses ahead of the model: answers are what they are without, whatever was guessed.
#include "engine/drafter.h"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "engine/draft_budget.h"
#include "quipu/engine.h"
#include "quipu/error.h"
#include "toy_model.h"

using quipu::Engine;
using quipu::EngineOptions;
using quipu::Error;
using quipu::ErrorCode;
using quipu::FinishReason;
using quipu::Guesses;
using quipu::Request;
using quipu::RequestId;
using quipu::Result;
using quipu::SamplerOptions;
using quipu::Token;
using toy::engine_of;
using Tokens = std::vector<Token>;

namespace {

const SamplerOptions greedy{.temperature = 0};

Tokens guesses_after(const Tokens& text, Token next, std::size_t most) {
  Guesses out;
  quipu::make_ngram_drafter()->guess(0, text, next, most, out);
  return out.tokens;
}

Request request_of(Tokens prompt, std::int64_t most, SamplerOptions sampling = greedy) {
  return {.prompt = std::move(prompt), .max_tokens = most, .sampling = sampling};
}

// What repeats is guessed; the end of each repetition is guessed wrong now and then.
const std::string chorus = "abcdeabcdeabcdxabcdeabcdeabcdyz";

// A model that spells its tokens in another way.
class Foreign final : public toy::Model {
 public:
  Foreign() {
    metadata_.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
    metadata_.set("tokenizer.ggml.tokens", std::vector<std::string>{"<|endoftext|>", "b", "a"});
    metadata_.set("tokenizer.ggml.merges", std::vector<std::string>{});
    foreign_ = quipu::Tokenizer::make(metadata_);
  }
  const quipu::Tokenizer& tokenizer() const override { return *foreign_; }

 private:
  quipu::test::MemoryMetadata metadata_;
  std::unique_ptr<quipu::Tokenizer> foreign_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ngrams)

BOOST_AUTO_TEST_CASE(what_followed_the_same_tokens_is_guessed) {
  BOOST_TEST(guesses_after({1, 2, 3, 4, 5, 9, 1}, 2, 3) == (Tokens{3, 4, 5}));
}

BOOST_AUTO_TEST_CASE(the_longest_match_counts_and_of_equal_ones_the_latest) {
  BOOST_TEST(guesses_after({7, 1, 2, 30, 8, 1, 2, 40, 7, 1}, 2, 1) == (Tokens{30}));
  BOOST_TEST(guesses_after({7, 1, 2, 30, 7, 1, 2, 40, 7, 1}, 2, 1) == (Tokens{40}));
}

BOOST_AUTO_TEST_CASE(a_repetition_goes_on_from_its_own_guesses) {
  BOOST_TEST(guesses_after({1, 2, 1}, 2, 5) == (Tokens{1, 2, 1, 2, 1}));
}

BOOST_AUTO_TEST_CASE(one_equal_token_is_no_match) {
  BOOST_TEST(guesses_after({1, 2, 3, 4}, 2, 5) == Tokens{});
  BOOST_TEST(guesses_after({}, 2, 5) == Tokens{});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(budget)

BOOST_AUTO_TEST_CASE(nothing_is_guessed_before_a_run_was_timed) {
  BOOST_TEST(quipu::best_guess_count({}, 1.0, 0, 6, 0) == 0u);
}

BOOST_AUTO_TEST_CASE(guesses_that_cost_nothing_are_all_taken) {
  quipu::RunCosts costs;
  for (std::size_t tokens = 1; tokens <= quipu::RunCosts::most_tokens; ++tokens)
    costs.ran(tokens, 1.0);

  BOOST_TEST(quipu::best_guess_count(costs, 0.5, 0, 6, 0) == 6u);
}

BOOST_AUTO_TEST_CASE(guesses_that_cost_as_much_as_tokens_are_not_worth_it) {
  quipu::RunCosts costs;
  for (std::size_t tokens = 1; tokens <= quipu::RunCosts::most_tokens; ++tokens)
    costs.ran(tokens, static_cast<double>(tokens));

  BOOST_TEST(quipu::best_guess_count(costs, 0.9, 0, 6, 0) == 0u);
}

BOOST_AUTO_TEST_CASE(the_best_number_lies_between) {
  // Two tokens cost as much as one, from three on each costs as much as the first: with one guess
  // that holds in half the cases there are 1.5 tokens in the time of one, with two 1.75 in two.
  quipu::RunCosts costs;
  for (std::size_t tokens = 1; tokens <= quipu::RunCosts::most_tokens; ++tokens)
    costs.ran(tokens, tokens <= 2 ? 1.0 : static_cast<double>(tokens) - 1);

  BOOST_TEST(quipu::best_guess_count(costs, 0.5, 0, 6, 0) == 1u);
  // A guess that takes the time of a token itself is not made.
  BOOST_TEST(quipu::best_guess_count(costs, 0.5, 0, 6, 1.0) == 0u);
  // Beside another sequence's token the free place is taken.
  BOOST_TEST(quipu::best_guess_count(costs, 0.3, 1, 6, 0) == 0u);
}

BOOST_AUTO_TEST_CASE(acceptance_follows_what_held_and_forgets) {
  quipu::Acceptance acceptance;
  const double before = acceptance.rate(2);
  for (int i = 0; i < 50; ++i) acceptance.checked(2, 4, 0);
  const double low = acceptance.rate(2);
  for (int i = 0; i < 500; ++i) acceptance.passed();

  BOOST_TEST(low < 0.01);
  BOOST_TEST(acceptance.rate(1) == before);
  // 0.98^500 of the difference is left.
  BOOST_TEST(std::abs(acceptance.rate(2) - before) < 1e-3);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(a_repetitive_answer_takes_fewer_runs_and_stays_the_same) {
  auto engine = engine_of({.context = 128, .draft = {.model = nullptr, .ngrams = true}});
  const auto prompt = toy::answered_with(chorus);
  const Result result = engine.run(request_of(prompt, 100));

  BOOST_TEST(result.text == chorus);
  BOOST_TEST(result.reason == FinishReason::stop);
  BOOST_TEST(result.guessed_tokens > 0u);
  BOOST_TEST(result.held_guesses > 0u);
  BOOST_TEST(result.held_guesses <= result.guessed_tokens);
}

BOOST_AUTO_TEST_CASE(drawn_answers_are_the_same_with_a_seed) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const SamplerOptions options{.temperature = 0.2f, .seed = seed};
    auto engine = engine_of({.context = 128, .draft = {.model = nullptr, .ngrams = true}});
    // The toy's letters are a hash of all before: guesses are made and nearly all are wrong.
    const Tokens prompt{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2};

    BOOST_TEST(engine.run(request_of(prompt, 60, options)).tokens ==
               toy::plain_answer(prompt, 60, options));
  }
}

BOOST_AUTO_TEST_CASE(what_was_guessed_wrong_leaves_the_cache) {
  auto engine = engine_of({.context = 128, .draft = {.model = nullptr, .ngrams = true}});
  const Tokens prompt{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2};
  Tokens longer = prompt;
  for (const Token token : engine.run(request_of(prompt, 20)).tokens) longer.push_back(token);
  longer.push_back(5);
  const Result second = engine.run(request_of(longer, 10));

  BOOST_TEST(second.tokens == toy::plain_answer(longer, 10, greedy));
  // All but the answer's last token, which has never run.
  BOOST_TEST(second.reused_tokens == longer.size() - 2);
}

BOOST_AUTO_TEST_CASE(limits_hold_within_guesses) {
  const auto prompt = toy::answered_with(chorus);
  for (const std::int64_t most : {1, 2, 7, 12, 13, 14}) {
    auto engine = engine_of({.context = 128, .draft = {.model = nullptr, .ngrams = true}});
    const Result result = engine.run(request_of(prompt, most));
    BOOST_TEST(result.text == chorus.substr(0, static_cast<std::size_t>(most)));
    BOOST_TEST(result.reason == FinishReason::length);
  }
  for (const std::uint32_t context : {40u, 45u, 50u}) {
    auto engine = engine_of({.context = context, .draft = {.model = nullptr, .ngrams = true}});
    const Result result = engine.run(request_of(prompt, 100));
    BOOST_TEST(result.reason == FinishReason::context_full);
    BOOST_TEST(result.text == chorus.substr(0, context - prompt.size() + 1));
  }
  auto engine = engine_of({.context = 128, .draft = {.model = nullptr, .ngrams = true}});
  Request stopped = request_of(prompt, 100);
  stopped.stop = {"eab"};
  BOOST_TEST(engine.run(std::move(stopped)).text == "abcd");
}

BOOST_AUTO_TEST_CASE(requests_beside_each_other_keep_their_answers) {
  auto engine =
      engine_of({.context = 96, .sequences = 3, .draft = {.model = nullptr, .ngrams = true}});
  std::vector<std::string> songs = {chorus, "xyxyxyxyxyxyxyxyxy", "abababababcabababab"};
  std::vector<RequestId> ids;
  for (const auto& song : songs)
    ids.push_back(engine.submit(request_of(toy::answered_with(song), 60)));
  while (engine.step()) {
  }

  for (std::size_t i = 0; i < ids.size(); ++i) BOOST_TEST(engine.take(ids[i])->text == songs[i]);
}

BOOST_AUTO_TEST_CASE(a_full_cache_ends_guesses_first) {
  // The prompt, its answer and nothing more have room.
  const auto prompt = toy::answered_with(chorus);
  const auto cells = static_cast<std::uint64_t>(prompt.size() + chorus.size());
  auto engine =
      engine_of({.context = 128, .cells = cells, .draft = {.model = nullptr, .ngrams = true}});

  BOOST_TEST(engine.run(request_of(prompt, 100)).text == chorus);
}

BOOST_AUTO_TEST_CASE(cancelling_between_guesses_ends_the_answer_there) {
  auto engine = engine_of({.context = 128, .draft = {.model = nullptr, .ngrams = true}});
  Request request = request_of(toy::answered_with(chorus), 100);
  std::size_t seen = 0;
  request.on_token = [&](Token, std::string_view) { return ++seen < 9; };
  const Result result = engine.run(std::move(request));

  BOOST_TEST(result.reason == FinishReason::cancelled);
  BOOST_TEST(result.text == chorus.substr(0, 9));
}

BOOST_AUTO_TEST_CASE(a_small_model_guesses_too) {
  auto engine = engine_of({.context = 128,
                           .sequences = 2,
                           .draft = {.model = std::make_shared<toy::Model>(), .ngrams = false}});
  const std::string words = "thequickbrownfox", others = "jumpsoverthelazydog";
  const RequestId first = engine.submit(request_of(toy::answered_with(words), 60));
  const RequestId second = engine.submit(request_of(toy::answered_with(others), 60));
  while (engine.step()) {
  }
  const auto result = engine.take(first);

  BOOST_TEST(result->text == words);
  BOOST_TEST(engine.take(second)->text == others);
  // The guesser is the model itself, and sure of what follows.
  BOOST_TEST(result->guessed_tokens > 0u);
}

BOOST_AUTO_TEST_CASE(a_draft_with_another_vocabulary_is_refused) {
  BOOST_CHECK_EXCEPTION(
      engine_of({.context = 128, .draft = {.model = std::make_shared<Foreign>(), .ngrams = false}}),
      Error, [](const Error& error) {
        return error.code() == ErrorCode::usage &&
               std::string(error.what()).find("token 1 'b' in place of 'a'") != std::string::npos;
      });
}

BOOST_AUTO_TEST_SUITE_END()
