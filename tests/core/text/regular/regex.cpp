// Patterns: in which texts they are found, what is refused, what they may cost.
#include "text/regular/regex.h"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fstream>
#include <sstream>

#include "quipu/error.h"
#include "text/regular/code_points.h"

namespace json = boost::json;
using quipu::Error;
using quipu::ErrorCode;
using namespace quipu::regular;

namespace {

// What a schema gets for all of its automata.
constexpr std::size_t cells = 20'000'000;

Automaton searched(const std::string& pattern) {
  Budget budget(cells);
  return search(pattern, "pattern", budget);
}

bool found(const std::string& pattern, const std::string& text) {
  return searched(pattern).contains(code_points(text));
}

void refused(const std::string& pattern, ErrorCode code, const std::string& part) {
  BOOST_CHECK_EXCEPTION(searched(pattern), Error, [&](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == code && std::string(error.what()).find(part) != std::string::npos;
  });
}

}  // namespace

// tests/data/text/regular/make_searches.py asks Python's regex module.
BOOST_AUTO_TEST_CASE(patterns_are_found_where_another_engine_finds_them) {
  std::ifstream file(QUIPU_TEST_DATA "/text/regular/searches.json");
  std::stringstream text;
  text << file.rdbuf();
  const json::value cases = json::parse(text.str());

  for (const json::value& each : cases.as_array()) {
    const std::string pattern(each.at("pattern").as_string());
    const Automaton automaton = searched(pattern);
    for (const json::value& t : each.at("found").as_array())
      BOOST_TEST(automaton.contains(code_points(t.as_string())), pattern << " in " << t);
    for (const json::value& t : each.at("missing").as_array())
      BOOST_TEST(!automaton.contains(code_points(t.as_string())), pattern << " in " << t);
  }
  BOOST_TEST(cases.as_array().size() == 91u);
}

// ECMA-262, WhiteSpace and LineTerminator; other engines have other ideas.
BOOST_AUTO_TEST_CASE(classes_are_those_of_ecma_262) {
  for (const char* blank : {"\u00a0", "\ufeff", "\u2003", "\u2028", "\u3000", "\v"}) {
    BOOST_TEST(found("^\\s$", blank));
    BOOST_TEST(!found("^\\S$", blank));
  }
  BOOST_TEST(!found("^\\s$", "\u200b"));
  for (const char* end : {"\n", "\r", "\u2028", "\u2029"}) BOOST_TEST(!found("^.$", end));
  BOOST_TEST(found("^.$", "\u0085"));
  BOOST_TEST(!found("^\\d$", "\u0663"));
  BOOST_TEST(!found("^\\w$", "\u00e9"));
  BOOST_TEST(found("^\\u{1F600}\\uD83D\\uDE00$", "😀😀"));
  BOOST_TEST(!found("a$", "a\n"));
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_language_is_named) {
  refused("(?=a)", ErrorCode::unsupported, "look-around");
  refused("(?!a)", ErrorCode::unsupported, "look-around");
  refused("(?<=a)b", ErrorCode::unsupported, "look-around");
  refused("(?<!a)b", ErrorCode::unsupported, "look-around");
  refused("(a)\\1", ErrorCode::unsupported, "back references");
  refused("(?<x>a)\\k<x>", ErrorCode::unsupported, "back references");
  refused("(?i)a", ErrorCode::unsupported, "options");
  refused("\\p{Script=Greek}", ErrorCode::unsupported, "Script=Greek");
}

BOOST_AUTO_TEST_CASE(what_is_no_pattern_is_refused_with_its_place) {
  refused("^+", ErrorCode::invalid, "character 2");
  refused("^{2}", ErrorCode::invalid, "character 2");
  refused("*a", ErrorCode::invalid, "character 1");
  refused("a**", ErrorCode::invalid, "character 3");
  refused("(a", ErrorCode::invalid, "')'");
  refused("a)", ErrorCode::invalid, "')'");
  refused("[a", ErrorCode::invalid, "']'");
  refused("[b-a]", ErrorCode::invalid, "range");
  refused("a{3,1}", ErrorCode::invalid, "range");
  refused("a{,3}", ErrorCode::invalid, "number");
  refused("\\a", ErrorCode::invalid, "\\a");
  refused("\\", ErrorCode::invalid, "end");
  refused("\\u12", ErrorCode::invalid, "hexadecimal");
  refused("\\u{110000}", ErrorCode::invalid, "code point");
  refused("\\01", ErrorCode::invalid, "digit");
}

BOOST_AUTO_TEST_CASE(hostile_patterns_end_within_a_second) {
  const auto repeated = [](const std::string& part, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += part;
    return out;
  };
  const std::string patterns[] = {
      "((((a*)*)*)*)*",
      "(a|a|aa)*b",
      "(x+x+)+y",
      "((((a{100}){100}){100}){100})",
      "(((((){1000000}){1000000}){1000000}){1000000})",
      "(a?){100000}a{100000}",
      "(a|b)*a(a|b){30}",
      repeated("(", 100'000),
      repeated("(", 100'000) + repeated(")", 100'000),
      repeated("(a", 150) + repeated(")*", 150),
      repeated("[", 100'000),
      repeated("a|", 50'000),
      repeated("\\p{L}", 20'000),
      repeated("[^a]", 60'000),
      std::string("^") + repeated("a?", 2'000) + repeated("a", 2'000),
      repeated("\\b\\B", 10'000),
      "a{4294967295}",
      "a{0,99999999999999999999}",
  };
  for (const std::string& pattern : patterns) {
    const auto start = std::chrono::steady_clock::now();

    try {
      searched(pattern);
    } catch (const Error& error) {
      BOOST_TEST((error.code() == ErrorCode::invalid));
    }

    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    // A tenth of this on an idle machine; the promise for a whole schema is a second.
    BOOST_TEST(time.count() < 2.0, pattern.substr(0, 40) << ": " << time.count() << " s");
  }
}
