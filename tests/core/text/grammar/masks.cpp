// Masks against every token by itself, and texts that masks alone lead to.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "../small_vocabularies.h"
#include "quipu/error.h"
#include "quipu/grammar.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"
#include "random_grammars.h"

using quipu::Error;
using quipu::Grammar;
using quipu::GrammarMatcher;
using quipu::Token;
using quipu::Tokenizer;
using quipu::TokenSet;

namespace {

// All bytes, words of the letters that the random grammars use, parts of code points, and two
// special tokens.
struct Small {
  Small() {
    metadata = quipu::test::byte_level({"a a",  "a b",  "b a",  "aa a",      "aaa a", "ab ab",
                                        "b b",  "c d",  "ab c", "1 2",       "12 3",  "Ã ©",
                                        "a Ã",  "© a",  "Ã© a", "aaaa aaaa", "d d",   "dd c",
                                        "\" :", "\" ,", "{ \"", "} ,",       "] }"},
                                       {"<|end|>", "<|other|>"});
    end = static_cast<Token>(metadata_size() - 2);
    metadata.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(end));
    tokenizer = Tokenizer::make(metadata);
  }
  std::size_t metadata_size() { return Tokenizer::make(metadata)->size(); }

  quipu::test::MemoryMetadata metadata;
  Token end = 0;
  std::unique_ptr<Tokenizer> tokenizer;
};

Small& small() {
  static Small vocabulary;
  return vocabulary;
}

std::vector<Token> members(const TokenSet& set) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < set.size(); ++i)
    if (set.test(static_cast<Token>(i))) tokens.push_back(static_cast<Token>(i));
  return tokens;
}

std::shared_ptr<const Grammar> random_grammar(std::uint32_t seed) {
  try {
    return Grammar::from_gbnf(quipu::test::RandomGrammar(seed).text());
  } catch (const Error&) {
    return nullptr;
  }
}

// What a mask must be, by a machine that begins anew for each token.
TokenSet expected(const Grammar& grammar, const std::string& text, const Small& vocabulary) {
  TokenSet set(vocabulary.tokenizer->size());
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (vocabulary.tokenizer->ends_generation(token)) {
      if (grammar.accepts(text)) set.set(token);
      continue;
    }
    const std::string piece = vocabulary.tokenizer->piece(token);
    if (!piece.empty() && grammar.match(text + piece).bytes == text.size() + piece.size())
      set.set(token);
  }
  return set;
}

}  // namespace

BOOST_AUTO_TEST_CASE(masks_of_random_grammars_hold_the_tokens_that_can_follow_and_no_others) {
  std::mt19937 random(7);
  int grammars = 0, states = 0;
  for (std::uint32_t seed = 0; seed < 120; ++seed) {
    const auto grammar = random_grammar(seed);
    if (!grammar) continue;
    ++grammars;
    GrammarMatcher matcher(grammar, *small().tokenizer);
    std::string text;
    for (int step = 0; step < 12 && !matcher.finished(); ++step) {
      const TokenSet& allowed = matcher.allowed();
      ++states;
      BOOST_REQUIRE_MESSAGE(allowed == expected(*grammar, text, small()),
                            "seed " << seed << " after '" << text << "'");
      const auto tokens = members(allowed);
      const Token token = tokens[random() % tokens.size()];
      if (token == small().end) break;
      BOOST_REQUIRE(matcher.accept(token));
      text += small().tokenizer->piece(token);
    }
  }

  // Most grammars are usable and most texts go on for a while; else the test says little.
  BOOST_TEST(grammars > 60);
  BOOST_TEST(states > 300);
}

BOOST_AUTO_TEST_CASE(texts_that_masks_lead_to_are_accepted_and_always_come_to_an_end) {
  std::mt19937 random(8);
  int grammars = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const auto grammar = random_grammar(seed);
    if (!grammar) continue;
    ++grammars;
    bool ended = false;
    // Of a grammar that refers to itself a walk may grow; some walk ends.
    for (int walk = 0; walk < 60 && !ended; ++walk) {
      GrammarMatcher matcher(grammar, *small().tokenizer);
      std::string text;
      for (int step = 0; step < 150 && !ended; ++step) {
        const auto tokens = members(matcher.allowed());
        if (matcher.may_end() && (tokens.size() == 1 || step > 20)) {
          ended = true;
          break;
        }
        BOOST_REQUIRE_MESSAGE(!tokens.empty(),
                              "seed " << seed << " is stuck after '" << text << "'");
        const Token token = tokens[random() % tokens.size()];
        BOOST_REQUIRE(matcher.accept(token));
        if (token == small().end) {
          ended = true;
          break;
        }
        text += small().tokenizer->piece(token);
        BOOST_REQUIRE_MESSAGE(grammar->match(text).bytes == text.size(),
                              "seed " << seed << " has left its grammar with '" << text << "'");
      }
      if (ended)
        BOOST_TEST(grammar->accepts(text), "seed " << seed << " ended as '" << text << "'");
    }
    BOOST_TEST(ended, "seed " << seed << " never ends:\n"
                              << quipu::test::RandomGrammar(seed).text());
  }
  BOOST_TEST(grammars > 150);
}

BOOST_AUTO_TEST_CASE(a_finished_grammar_allows_nothing_but_the_end) {
  GrammarMatcher matcher(Grammar::from_gbnf(R"(root ::= "ab")"), *small().tokenizer);
  BOOST_TEST(!matcher.may_end());
  BOOST_TEST(!matcher.allowed().test(small().end));

  BOOST_REQUIRE(matcher.accept('a'));
  BOOST_REQUIRE(matcher.accept('b'));

  BOOST_TEST(matcher.may_end());
  BOOST_TEST(matcher.finished());
  BOOST_TEST(members(matcher.allowed()) == std::vector<Token>{small().end},
             boost::test_tools::per_element());
  BOOST_TEST(!matcher.accept('a'));
  BOOST_TEST(matcher.accept(small().end));
}

BOOST_AUTO_TEST_CASE(special_tokens_are_never_allowed_though_their_spelling_would_fit) {
  GrammarMatcher matcher(Grammar::from_gbnf("root ::= .*"), *small().tokenizer);

  BOOST_TEST(!matcher.allowed().test(small().end + 1));
  BOOST_TEST(!matcher.accept(small().end + 1));
  BOOST_TEST(!matcher.accept(-1));
  BOOST_TEST(!matcher.accept(static_cast<Token>(small().tokenizer->size())));
}

BOOST_AUTO_TEST_CASE(a_code_point_may_come_in_parts) {
  GrammarMatcher matcher(Grammar::from_gbnf("root ::= \"\xC3\xA9\""), *small().tokenizer);

  BOOST_REQUIRE(matcher.allowed().test(0xC3));
  BOOST_REQUIRE(matcher.accept(0xC3));

  BOOST_TEST(members(matcher.allowed()) == std::vector<Token>{0xA9},
             boost::test_tools::per_element());
  BOOST_TEST(matcher.accept(0xA9));
  BOOST_TEST(matcher.finished());
}

BOOST_AUTO_TEST_CASE(copies_go_their_own_ways) {
  GrammarMatcher first(Grammar::from_gbnf(R"(root ::= "a" ("b" | "c") "d")"), *small().tokenizer);
  BOOST_REQUIRE(first.accept('a'));
  GrammarMatcher second(first);

  BOOST_REQUIRE(first.accept('b'));
  BOOST_REQUIRE(second.accept('c'));
  BOOST_REQUIRE(second.accept('d'));

  BOOST_TEST(!first.finished());
  BOOST_TEST(second.finished());
  second = first;
  BOOST_TEST(!second.finished());
  BOOST_TEST(second.accept('d'));
}

BOOST_AUTO_TEST_CASE(a_token_that_is_refused_changes_nothing) {
  GrammarMatcher matcher(Grammar::from_gbnf(R"(root ::= "ab" "c"?)"), *small().tokenizer);
  BOOST_REQUIRE(matcher.accept('a'));

  BOOST_TEST(!matcher.accept('x'));
  BOOST_TEST(!matcher.accept(small().end));

  BOOST_TEST(matcher.accept('b'));
}

BOOST_AUTO_TEST_CASE(masks_are_right_while_many_threads_share_what_they_find) {
  const auto grammar = random_grammar(3);
  BOOST_REQUIRE(grammar);
  // The same walks by one thread give what each thread must see.
  const auto walk = [&](std::uint32_t seed, const std::shared_ptr<const Grammar>& of) {
    std::mt19937 random(seed);
    std::vector<std::size_t> counts;
    for (int round = 0; round < 20; ++round) {
      GrammarMatcher matcher(of, *small().tokenizer);
      for (int step = 0; step < 30 && !matcher.finished(); ++step) {
        const auto tokens = members(matcher.allowed());
        counts.push_back(tokens.size());
        const Token token = tokens[random() % tokens.size()];
        if (token != small().end) matcher.accept(token);
      }
    }
    return counts;
  };
  std::vector<std::vector<std::size_t>> found(4);

  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < found.size(); ++i)
    threads.emplace_back([&, i] { found[i] = walk(i, grammar); });
  for (auto& thread : threads) thread.join();

  for (std::uint32_t i = 0; i < found.size(); ++i)
    BOOST_TEST(found[i] == walk(i, random_grammar(3)), boost::test_tools::per_element());
}

namespace {

const std::filesystem::path vocabulary_file = QUIPU_SHARED_DATA "/vocab/ggml-vocab-qwen2.gguf";

boost::test_tools::assertion_result have_vocabulary(boost::unit_test::test_unit_id /* unit */) {
  boost::test_tools::assertion_result result(std::filesystem::exists(vocabulary_file));
  result.message() << "no " << vocabulary_file;
  return result;
}

std::string contents(const std::string& name) {
  std::ifstream file(std::filesystem::path(QUIPU_TEST_DATA "/text/grammar") / name,
                     std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

// A copy of the matcher takes each token by its bytes; the mask comes from the walk by frames.
BOOST_TEST_DECORATOR(*boost::unit_test::precondition(have_vocabulary))
BOOST_AUTO_TEST_CASE(masks_of_a_real_vocabulary_hold_the_tokens_that_are_accepted) {
  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  const auto file = quipu::ModelFile::open(vocabulary_file, registry);
  const auto tokenizer = Tokenizer::make(file->metadata());
  std::mt19937 random(9);

  for (const char* const name : {"json.gbnf", "c.gbnf", "list.gbnf"}) {
    GrammarMatcher matcher(Grammar::from_gbnf(contents(name)), *tokenizer);
    for (int step = 0; step < 12 && !matcher.finished(); ++step) {
      const TokenSet allowed = matcher.allowed();
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < tokenizer->size(); ++i) {
        const auto token = static_cast<Token>(i);
        wrong += GrammarMatcher(matcher).accept(token) != allowed.test(token) ? 1 : 0;
      }
      BOOST_TEST(wrong == 0u, name << ", step " << step);
      const auto tokens = members(allowed);
      matcher.accept(tokens[random() % tokens.size()]);
    }
  }
}
