// JSON objects as nodes: which members may come when, and that none leads to where the object can
// no longer be finished.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <random>

#include "../small_vocabularies.h"
#include "quipu/error.h"
#include "quipu/grammar.h"
#include "text/grammar/compile.h"

namespace data = boost::unit_test::data;
using quipu::Grammar;
using quipu::GrammarMatcher;
using quipu::Token;
using quipu::grammar::Object;
using quipu::grammar::Syntax;
using quipu::grammar::unbounded;

namespace {

enum Member : std::int32_t { a, b, c };

struct Rules {
  std::vector<Member> required;
  bool listed_order = false, c_is_possible = true;
  std::uint32_t least = 0, most = unbounded;
};

// Members "a" and "b" once each, and "c0" to "c9" as often as wanted. Values are digits; there may
// be a space behind colons and commas.
std::shared_ptr<const Grammar> object_grammar(const Rules& rules) {
  Syntax syntax;
  const auto space = syntax.add_repeat(syntax.add_bytes(" "), 0, 1);
  const auto digit = syntax.add_characters({{'0', '9'}});
  const auto nothing = syntax.add_choice({});
  const auto before_space = [&](const char* mark) {
    const quipu::grammar::NodeId parts[] = {syntax.add_bytes(mark), space};
    return syntax.add_sequence(parts);
  };
  Object object;
  object.keys.states.resize(9);
  auto edge = [&](std::size_t from, char first, char last, std::uint32_t to) {
    object.keys.states[from].edges.push_back(
        {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last), to});
  };
  edge(0, '"', '"', 1);
  edge(1, 'a', 'a', 2);
  edge(1, 'b', 'b', 3);
  edge(1, 'c', 'c', 4);
  edge(2, '"', '"', 5);
  edge(3, '"', '"', 6);
  edge(4, '0', '9', 7);
  edge(7, '"', '"', 8);
  object.key_member = {-1, -1, -1, -1, -1, a, b, -1, c};
  object.members = {{.value = digit}, {.value = digit}, {.value = digit, .repeatable = true}};
  if (!rules.c_is_possible) object.members[c].value = nothing;
  for (const Member member : rules.required)
    object.members[static_cast<std::size_t>(member)].required = true;
  object.least = rules.least;
  object.most = rules.most;
  object.listed_order = rules.listed_order;
  object.after_key = before_space(":");
  object.between = before_space(",");
  syntax.root = syntax.add_object(std::move(object));
  return quipu::grammar::compile(syntax);
}

struct Case {
  const char* name;
  Rules rules;
  std::vector<std::string> accepted, rejected;
};

std::ostream& operator<<(std::ostream& out, const Case& sample) {
  return out << sample.name;
}

const Case cases[] = {
    {"any order, nothing required",
     {},
     {R"({})", R"({"a":1})", R"({"b": 2, "a":1})", R"({"c1":1,"a":2,"c2":3,"c1":4,"b":5})"},
     {R"({"a":1,"a":2})", R"({"d":1})", R"({"a":1,})", R"({,})", R"({"a"1})", R"({"a":1 "b":2})",
      R"({"a":1)"}},
    {"any order, a required",
     {.required = {a}},
     {R"({"a":1})", R"({"c1":1,"b":2,"a":3})"},
     {R"({})", R"({"b":1})", R"({"c1":1,"c2":2})"}},
    {"any order, c required",
     {.required = {c}},
     {R"({"c1":1})", R"({"a":1,"c1":1,"c2":1})"},
     {R"({"a":1})"}},
    {"any order, a and b required, at most three",
     {.required = {a, b}, .most = 3},
     {R"({"a":1,"b":2})", R"({"c1":1,"b":2,"a":3})"},
     {R"({"c1":1,"c2":2)", R"({"a":1,"b":2,"c1":3,"c2":4})"}},
    {"any order, two to three",
     {.least = 2, .most = 3},
     {R"({"a":1,"b":2})", R"({"c1":1,"c2":2,"c3":3})"},
     {R"({})", R"({"a":1})", R"({"a":1,"b":2,"c1":3,"c1":4})"}},
    {"listed order, nothing required",
     {.listed_order = true},
     {R"({})", R"({"b":1})", R"({"a":1,"b":2,"c1":3,"c2":4})", R"({"a":1,"c1":2})"},
     {R"({"b":1,"a":2})", R"({"c1":1,"b":2})", R"({"a":1,"a":1})"}},
    {"listed order, b required",
     {.required = {b}, .listed_order = true},
     {R"({"b":1})", R"({"a":1,"b":2})", R"({"b":1,"c1":2})"},
     {R"({"a":1})", R"({"c1":1)", R"({"a":1,"c1":2)"}},
    {"listed order, two to three, c impossible",
     {.listed_order = true, .c_is_possible = false, .least = 2, .most = 3},
     {R"({"a":1,"b":2})"},
     {R"({"b":1)", R"({"a":1})", R"({"a":1,"b":2,"c1":3})"}},
};

}  // namespace

BOOST_DATA_TEST_CASE(an_object_has_the_members_that_its_rules_say, data::make(cases), sample) {
  const auto grammar = object_grammar(sample.rules);

  for (const auto& text : sample.accepted)
    BOOST_TEST(grammar->accepts(text), text << " is not accepted");
  for (const auto& text : sample.rejected)
    BOOST_TEST(!grammar->accepts(text), text << " is accepted");
}

BOOST_AUTO_TEST_CASE(a_member_that_would_leave_no_way_to_finish_is_never_begun) {
  // After three members of which none is a, there is no room for it.
  const auto grammar = object_grammar({.required = {a}, .most = 3});
  const std::string begun = R"({"c1":1,"c2":2,")";

  const auto match = grammar->match(begun + "c3");

  BOOST_TEST(match.bytes == begun.size());
  BOOST_TEST(match.expected == "'a'");
}

BOOST_AUTO_TEST_CASE(an_object_that_cannot_be_is_refused) {
  const auto refused = [](const Rules& rules) {
    BOOST_CHECK_THROW(object_grammar(rules), quipu::Error);
  };

  refused({.required = {c}, .c_is_possible = false});
  refused({.c_is_possible = false, .least = 3});
  refused({.required = {a, b}, .most = 1});
  refused({.least = 2, .most = 1});
}

BOOST_AUTO_TEST_CASE(random_members_always_make_a_whole_object) {
  const auto metadata = quipu::test::byte_level({"\" :", "1 ,", "1 }", "{ \""}, {"<|end|>"});
  const auto tokenizer = quipu::Tokenizer::make(metadata);
  std::mt19937 random(3);

  for (const auto& sample : cases) {
    auto rules = sample.rules;
    // So that a walk comes to an end.
    rules.most = std::min<std::uint32_t>(rules.most, 5);
    const auto grammar = object_grammar(rules);
    for (int walk = 0; walk < 20; ++walk) {
      GrammarMatcher matcher(grammar, *tokenizer);
      std::string text;
      while (!matcher.finished()) {
        const auto& allowed = matcher.allowed();
        std::vector<Token> tokens;
        for (std::size_t i = 0; i < allowed.size(); ++i)
          if (allowed.test(static_cast<Token>(i))) tokens.push_back(static_cast<Token>(i));
        BOOST_REQUIRE_MESSAGE(!tokens.empty(), sample.name << " is stuck after " << text);
        const Token token = tokens[random() % tokens.size()];
        BOOST_REQUIRE(matcher.accept(token));
        text += tokenizer->piece(token);
      }
      BOOST_TEST(grammar->accepts(text), text);
    }
  }
}
