// Grammars that are made to hang, crash or exhaust: each comes to a verdict within a second, and
// while text is drawn each mask is found soon or refused.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ctime>
#include <ostream>
#include <random>

#include "../small_vocabularies.h"
#include "quipu/error.h"
#include "quipu/grammar.h"

namespace data = boost::unit_test::data;
using quipu::Error;
using quipu::ErrorCode;
using quipu::Grammar;
using quipu::GrammarMatcher;
using quipu::Token;

namespace {

std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// A rule for each number below `count`; $ is the number, + the next one.
std::string numbered(std::size_t count, const std::string& rule) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i)
    for (const char c : rule)
      all += c == '$' ? std::to_string(i) : c == '+' ? std::to_string(i + 1) : std::string(1, c);
  return all;
}

enum class Verdict { refused, usable, either };

struct Hostile {
  std::string name, grammar;
  Verdict verdict;
};

std::ostream& operator<<(std::ostream& out, const Hostile& hostile) {
  return out << hostile.name;
}

std::string spread_class() {
  // Every other code point of a large part of Unicode, several times over.
  std::string all = "root ::= [";
  for (std::uint32_t c = 0x100; c < 0xD000; c += 2) {
    if (c < 0x800) {
      all += static_cast<char>(0xC0 | c >> 6);
    } else {
      all += static_cast<char>(0xE0 | c >> 12);
      all += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    }
    all += static_cast<char>(0x80 | (c & 0x3F));
  }
  return all + "]+";
}

std::string words() {
  std::mt19937 random(4);
  std::string all = "root ::= \"x\"";
  for (int i = 0; i < 20'000; ++i) {
    all += " | \"";
    for (int letter = 0; letter < 14; ++letter) all += static_cast<char>('a' + random() % 16);
    all += '"';
  }
  return all;
}

const Hostile hostile[] = {
    {"a million groups", "root ::= " + times(500'000, "(") + "\"a\"" + times(500'000, ")"),
     Verdict::refused},
    {"groups that never close", "root ::= " + times(1'000'000, "("), Verdict::refused},
    {"two megabytes", "root ::= \"" + times(2'000'000, "a") + "\"", Verdict::refused},
    {"a megabyte of one literal", "root ::= \"" + times(1'000'000, "a") + "\"", Verdict::refused},
    {"too many things", "root ::= " + times(200'000, "\"a\" "), Verdict::refused},
    {"a chain of rules", "root ::= r0\n" + numbered(5000, "r$ ::= r+\n") + "r5000 ::= \"x\"",
     Verdict::usable},
    {"a chain of rules with something behind each",
     "root ::= r0\n" + numbered(5000, "r$ ::= r+ \"b\" | r+ \"c\"\n") + "r5000 ::= \"x\"",
     Verdict::usable},
    {"a chain of rules that may end",
     "root ::= r0\n" + numbered(5000, "r$ ::= r+ \"b\"?\n") + "r5000 ::= \"x\"", Verdict::either},
    {"a loop of what may be empty", "root ::= (\"a\"*)*", Verdict::usable},
    {"a loop of the empty text", "root ::= (\"\" | \"a\")*", Verdict::usable},
    {"loops in loops", "root ::= ((\"a\"?)*)+ ((\"b\"*)+)* \"c\"?", Verdict::usable},
    {"left recursion", "root ::= root \"a\" | \"b\"", Verdict::refused},
    {"left recursion by another rule", "root ::= x \"a\"\nx ::= root \"b\" | \"c\"",
     Verdict::refused},
    {"left recursion behind what may be empty", "root ::= n root \"a\" | \"b\"\nn ::= \"x\"?",
     Verdict::refused},
    {"left recursion in a repeat", "root ::= (\"x\"* root){2,90} | \"b\"", Verdict::refused},
    {"a rule that is itself", "root ::= root", Verdict::refused},
    {"a circle of rules", "root ::= a\na ::= b\nb ::= a", Verdict::refused},
    {"a million times a million times",
     "root ::= (((\"a\"{0,1000000}){0,1000000}){0,1000000}){0,1000000}", Verdict::either},
    {"repeats that overlap", "root ::= ([a-z ]{0,1000000} [a-z ]{5,1000000}){0,1000000}",
     Verdict::either},
    {"a hundred repeats in each other",
     "root ::= " + times(100, "(") + "[a-z]" + times(100, "{0,7})"), Verdict::either},
    {"a huge class", spread_class(), Verdict::usable},
    {"twenty thousand words", words(), Verdict::usable},
    {"all ways to split a text", "root ::= s\ns ::= \"a\" s s | \"a\"", Verdict::either},
    {"two ways for each letter", "root ::= (\"a\" | \"a\")*", Verdict::usable},
    {"ways that differ at their end", "root ::= ([a-z] | [a-y])* [a-m] [a-z]{40}", Verdict::either},
    {"five thousand times perhaps", "root ::= " + times(5000, "\"a\"? "), Verdict::either},
    {"rules that may be left out",
     "root ::= " + times(3000, "x? ") + "\nx ::= [a-z] x [a-z] | \".\"", Verdict::either},
    {"stacks that double",
     "root ::= r0\n" +
         numbered(200, "r$ ::= a$ \"b\" | b$ \"c\"\na$ ::= r+ \"d\" r+\nb$ ::= r+ \"e\" r+\n") +
         "r200 ::= \"x\"",
     Verdict::either},
    {"ambiguity of three rules",
     "root ::= s\ns ::= [a-z] t u | [a-z] u t | [b-y]\nt ::= s s | [a-z]\nu ::= s t | [a-z] t",
     Verdict::either},
};

double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A second is what a server may lose to one request; builds that check themselves are slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr double most_seconds = 10;
#else
constexpr double most_seconds = 1;
#endif

}  // namespace

BOOST_DATA_TEST_CASE(a_hostile_grammar_comes_to_a_verdict_within_a_second, data::make(hostile),
                     sample) {
  const auto metadata = quipu::test::byte_level(
      {"a a", "aa a", "aa aa", "a b", "b c", "ab c", "aaaa aaaa", "x x", "o n"}, {"<|end|>"});
  const auto tokenizer = quipu::Tokenizer::make(metadata);
  std::mt19937 random(11);
  Verdict verdict = Verdict::usable;
  double dearest = 0;
  double start = seconds();
  try {
    const auto grammar = Grammar::from_gbnf(sample.grammar);
    BOOST_TEST(seconds() - start < most_seconds);
    GrammarMatcher matcher(grammar, *tokenizer);
    for (int step = 0; step < 60 && !matcher.finished(); ++step) {
      start = seconds();
      const auto& allowed = matcher.allowed();
      dearest = std::max(dearest, seconds() - start);
      std::vector<Token> tokens;
      for (std::size_t i = 0; i < allowed.size(); ++i)
        if (allowed.test(static_cast<Token>(i))) tokens.push_back(static_cast<Token>(i));
      BOOST_REQUIRE(!tokens.empty());
      BOOST_REQUIRE(matcher.accept(tokens[random() % tokens.size()]));
    }
  } catch (const Error& error) {
    BOOST_TEST((error.code() == ErrorCode::invalid));
    dearest = std::max(dearest, seconds() - start);
    verdict = Verdict::refused;
  }

  BOOST_TEST(dearest < most_seconds);
  if (sample.verdict != Verdict::either) BOOST_TEST((verdict == sample.verdict));
}

// The caches of a grammar are bounded: what a long text leaves behind is given up.
BOOST_AUTO_TEST_CASE(a_deep_text_is_followed_to_its_end) {
  const auto grammar = Grammar::from_gbnf("root ::= \"[\" root? \"]\"");
  const std::size_t depth = 100'000;

  BOOST_TEST(grammar->accepts(times(depth, "[") + times(depth, "]")));
  BOOST_TEST(!grammar->accepts(times(depth, "[") + times(depth - 1, "]")));
}

BOOST_AUTO_TEST_CASE(a_long_text_is_followed_to_its_end) {
  const auto grammar = Grammar::from_gbnf("root ::= ([a-z]{1,2000000} \" \")*");

  BOOST_TEST(grammar->accepts(times(1'000'000, "x") + " " + times(1'000'000, "y") + " "));
  BOOST_TEST(!grammar->accepts(times(2'000'001, "x") + " "));
}

BOOST_AUTO_TEST_CASE(random_bytes_are_a_grammar_or_an_error) {
  std::mt19937 random(12);
  const std::string pieces[] = {"root", " ",  "::=", "\"", "a", "[", "]",        "^",    "-", "(",
                                ")",    "|",  "*",   "+",  "?", "{", "}",        "1",    ",", "\\",
                                "x4",   "\n", "#",   ".",  "<", "!", "\xC3\xA9", "\xFF", "r1"};
  std::size_t grammars = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = random() % 2 == 0 ? "root ::= " : "";
    for (std::uint32_t length = random() % 12; length > 0; --length)
      text += pieces[random() % std::size(pieces)];
    try {
      Grammar::from_gbnf(text)->accepts("aa");
      ++grammars;
    } catch (const Error&) {
    }
  }
  BOOST_TEST(grammars > 100);
}
