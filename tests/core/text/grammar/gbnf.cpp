// What each construct of GBNF describes, and what is refused with which words.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>
#include <vector>

#include "quipu/error.h"
#include "quipu/grammar.h"

namespace data = boost::unit_test::data;
using quipu::Error;
using quipu::ErrorCode;
using quipu::Grammar;

namespace {

struct Case {
  std::string grammar;
  std::vector<std::string> accepted, rejected;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.grammar;
}

const Case constructs[] = {
    {R"(root ::= "")", {""}, {"a"}},
    {R"(root ::= "abc")", {"abc"}, {"", "ab", "abcd", "xbc"}},
    {R"(root ::= "a" "b")", {"ab"}, {"a", "b", "a b"}},
    {R"(root ::= "a" | "b" |)", {"a", "b", ""}, {"ab"}},
    {"root ::= \"a\" |\n  \"b\"", {"a", "b"}, {""}},
    {"root ::= (\n \"a\" # first\n | \"b\"\n)", {"a", "b"}, {""}},
    {"# a comment\r\nroot ::= \"a\" # and one here\r\n\r\n", {"a"}, {""}},
    {"root ::= a-rule b_2\na-rule ::= \"x\"\nb_2 ::= \"y\"", {"xy"}, {"x", "y"}},
    {"root ::=\n  \"a\"", {"a"}, {""}},
    {R"(root ::= "\n\t\r\\\"\[\]\x41\u00e9\U0001F600")",
     {"\n\t\r\\\"[]A\xC3\xA9\xF0\x9F\x98\x80"},
     {"nt"}},
    {R"(root ::= "\x80")", {"\xC2\x80"}, {"\x80"}},
    {R"(root ::= [a-c])", {"a", "b", "c"}, {"", "d", "`", "ab"}},
    {R"(root ::= [a-])", {"a", "-"}, {"b"}},
    {R"(root ::= [\]\[\\\-x])", {"]", "[", "\\", "-", "x"}, {"y"}},
    {R"(root ::= [^a-c])", {"d", "\n", "\xC3\xA9", "\xF0\x9F\x98\x80"}, {"a", "c", "", "dd"}},
    {"root ::= [\xC3\xA0-\xC3\xBF]", {"\xC3\xA9"}, {"e", "\xC3", "\xA9"}},
    {"root ::= .", {"a", "\n", "\xE2\x82\xAC"}, {"", "ab", "\xE2\x82", "\xFF", "\xED\xA0\x80"}},
    {R"(root ::= "a"*)", {"", "a", "aaaa"}, {"b", "ab"}},
    {R"(root ::= "ab"+)", {"ab", "abab"}, {"", "a", "aba"}},
    {R"(root ::= "a"?)", {"", "a"}, {"aa"}},
    {R"(root ::= "a"{3})", {"aaa"}, {"aa", "aaaa"}},
    {R"(root ::= "a"{2,})", {"aa", "aaaaa"}, {"a", ""}},
    {R"(root ::= "a"{,2})", {"", "a", "aa"}, {"aaa"}},
    {R"(root ::= "a"{ 1 , 3 })", {"a", "aa", "aaa"}, {"", "aaaa"}},
    {R"(root ::= "a"{0} "b")", {"b"}, {"ab"}},
    {R"(root ::= ("a" | "b"){2} "c")", {"aac", "abc", "bbc"}, {"ac", "abac"}},
    {R"(root ::= ("a"{2}){2,3})", {"aaaa", "aaaaaa"}, {"aa", "aaaaa", "aaaaaaaa"}},
    {R"(root ::= [a-z]{40,41})",
     {std::string(40, 'q'), std::string(41, 'q')},
     {std::string(39, 'q'), std::string(42, 'q')}},
    {R"(root ::= ([a-z]{2,50} " "){2,3})",
     {"ab cd ", "abcdef gh ij "},
     {"ab ", "a b ", "a b c d "}},
    {R"(root ::= ("a"*)* "b")", {"b", "aaab"}, {"a", ""}},
    {R"(root ::= ("" | "a")* "b")", {"b", "aaab"}, {"a", ""}},
    {R"(root ::= ("a"?){3,})", {"", "a", "aaaaa"}, {"b"}},
    {R"(root ::= ([a-z]?){5,60} ".")", {".", "a.", "abc."}, {std::string(61, 'a') + "."}},
    {"root ::= \"(\" root \")\" | \"x\"", {"x", "((x))"}, {"(x", "x)", "()"}},
    {"root ::= \"a\" root \"b\" | \"\"", {"", "ab", "aaabbb"}, {"aab", "ba"}},
    {"root ::= x \"a\"\nx ::= y?\ny ::= \"b\" x", {"a", "bbba"}, {"", "b"}},
    {"root ::= \"a\" none | \"b\"\nnone ::= \"c\" none", {"b"}, {"a", "ac"}},
    {"root ::= empty \"a\" empty\nempty ::= \"\"", {"a"}, {""}},
    {"root ::= \"a\"\nunused ::= \"b\" unused", {"a"}, {"b"}},
};

}  // namespace

BOOST_DATA_TEST_CASE(a_construct_describes_its_texts_and_no_others, data::make(constructs),
                     sample) {
  const auto grammar = Grammar::from_gbnf(sample.grammar);

  for (const auto& text : sample.accepted)
    BOOST_TEST(grammar->accepts(text), "'" << text << "' is not accepted");
  for (const auto& text : sample.rejected)
    BOOST_TEST(!grammar->accepts(text), "'" << text << "' is accepted");
}

namespace {

struct Refused {
  std::string grammar, message;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) {
  return out << refused.grammar;
}

const Refused refused[] = {
    {"", "grammar:1:1: expected a rule named root, found none"},
    {"root", "grammar:1:5: expected '::=', found the end"},
    {"root ::= \"a\"\n\n  = \"b\"", "grammar:3:3: expected a rule's name, found '='"},
    {"root ::= \"a\" )",
     "grammar:1:14: expected something to match, '|' or the end of the line, found ')'"},
    {"root ::= \"a\"\n| \"b\"", "grammar:2:1: expected a rule's name, found '|'"},
    {"root ::= (\"a\"", "grammar:1:14: expected ')' for the '(' at 1:10, found the end"},
    {"root ::= \"a", "grammar:1:10: expected '\"' at the end of a literal, found the end"},
    {"root ::= [a", "grammar:1:10: expected ']' at the end of a class, found the end"},
    {"root ::= [z-a]", "grammar:1:11: expected a range that goes up, found one that goes down"},
    {"root ::= []", "grammar:1:10: expected a character in a class, found none"},
    {"root ::= \"\\q\"",
     R"(grammar:1:12: expected an escape: \n \t \r \\ \" \[ \] \- \^ \xNN \uNNNN or \UNNNNNNNN, found 'q')"},
    {"root ::= \"\\x4g\"", "grammar:1:14: expected 2 hex digits, found 'g'"},
    {"root ::= \"\\ud800\"",
     "grammar:1:13: expected a code point of Unicode, found one that is none"},
    {"root ::= \"\\U00110000\"",
     "grammar:1:13: expected a code point of Unicode, found one that is none"},
    {"root ::= \"\xFF\"", "grammar:1:11: expected UTF-8, found '\\xff'"},
    {"root ::= \"\xC3\xA9\" ]",
     "grammar:1:14: expected something to match, '|' or the end of the line, found ']'"},
    {"root ::= \"a\"{3,2}", "grammar:1:13: expected a range of repeats, found 3 to 2"},
    {"root ::= \"a\"{x}", "grammar:1:14: expected a number, found 'x'"},
    {"root ::= \"a\"{4294967295}",
     "grammar:1:14: expected a number below 4294967295, found a larger one"},
    {"root ::= \"a\"{1", "grammar:1:15: expected '}', found the end"},
    {"root ::= *",
     "grammar:1:10: expected something to match, '|' or the end of the line, found '*'"},
    {"root ::= \"a\" other\n", "grammar:1:14: expected a rule named other, found none"},
    {"root ::= \"a\"\nroot ::= \"b\"",
     "grammar:2:1: expected a rule that is new, found root, which line 1 has already"},
    {"root ::= root \"a\" | \"b\"",
     "grammar: expected rules that read something before they begin again, found left recursion: "
     "root (line 1) -> root (line 1)"},
    {"root ::= x \"a\"\nx ::= \"b\"? y | \"c\"\ny ::= root \"d\"",
     "grammar: expected rules that read something before they begin again, found left recursion: "
     "root (line 1) -> x (line 2) -> y (line 3) -> root (line 1)"},
    {"root ::= \"a\" root", "grammar: expected one that describes a text, found one that cannot"},
    {"root ::= root", "grammar: expected one that describes a text, found one that cannot"},
};

std::string message_of(const std::string& grammar, ErrorCode code) {
  try {
    Grammar::from_gbnf(grammar);
  } catch (const Error& error) {
    BOOST_TEST((error.code() == code));
    return error.what();
  }
  return "it is accepted";
}

}  // namespace

BOOST_DATA_TEST_CASE(what_is_no_grammar_is_refused_by_line_and_column, data::make(refused),
                     sample) {
  BOOST_TEST(message_of(sample.grammar, ErrorCode::invalid) == sample.message);
}

BOOST_AUTO_TEST_CASE(references_to_tokens_are_said_to_be_unsupported) {
  for (const char* const item : {"<think>", "<[7]>", "!<think>"})
    BOOST_TEST(message_of(std::string("root ::= ") + item, ErrorCode::unsupported) ==
               "grammar:1:10: expected characters, found a token: <…> and !<…> are not supported");
}

BOOST_AUTO_TEST_CASE(the_first_rule_may_have_another_name) {
  const auto grammar = Grammar::from_gbnf("root ::= \"a\"\nother ::= \"b\"", "other");

  BOOST_TEST(grammar->accepts("b"));
  BOOST_TEST(!grammar->accepts("a"));
}

BOOST_AUTO_TEST_CASE(a_text_that_leaves_the_grammar_is_told_where_and_what_could_have_come) {
  const auto grammar = Grammar::from_gbnf(R"(root ::= "[" [0-9]+ ("," [0-9]+)* "]")");

  const auto bad = grammar->match("[1,2;3]");
  const auto unfinished = grammar->match("[1,");
  const auto whole = grammar->match("[1,2]");

  BOOST_TEST(!bad.whole);
  BOOST_TEST(bad.bytes == 4u);
  BOOST_TEST(bad.expected == "',', '0' to '9' or ']'");
  BOOST_TEST(unfinished.bytes == 3u);
  BOOST_TEST(unfinished.expected == "'0' to '9'");
  BOOST_TEST(whole.whole);
  BOOST_TEST(whole.bytes == 5u);
  BOOST_TEST(whole.expected == "");
}
