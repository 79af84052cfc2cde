// Regular languages: sets of texts combine as sets do.
#include "text/regular/automaton.h"

#include <boost/test/unit_test.hpp>

#include "quipu/error.h"
#include "text/regular/regex.h"

using namespace quipu::regular;

namespace {

Budget& budget() {
  static Budget plenty(std::size_t{1} << 30);
  return plenty;
}

Automaton matching(const std::string& pattern) {
  return search("^(?:" + pattern + ")$", "pattern", budget());
}

}  // namespace

BOOST_AUTO_TEST_CASE(languages_combine_as_sets) {
  const Automaton a = matching("a+b*"), b = matching("a*b+");

  const Automaton both = intersection(a, b, budget());
  BOOST_TEST(both.contains(U"ab"));
  BOOST_TEST(!both.contains(U"a"));
  BOOST_TEST(!both.contains(U"b"));

  const Automaton one = either(a, b, budget());
  BOOST_TEST(one.contains(U"a"));
  BOOST_TEST(one.contains(U"b"));
  BOOST_TEST(!one.contains(U""));
  BOOST_TEST(!one.contains(U"ba"));

  const Automaton rest = difference(a, b, budget());
  BOOST_TEST(rest.contains(U"aa"));
  BOOST_TEST(!rest.contains(U"ab"));

  const Automaton other = complement(a, budget());
  BOOST_TEST(other.contains(U""));
  BOOST_TEST(other.contains(U"日"));
  BOOST_TEST(!other.contains(U"ab"));
  BOOST_TEST(intersection(a, other, budget()).empty());
  BOOST_TEST(complement(everything(), budget()).empty());
}

// Counted by hand: the textbook's minimal automata.
BOOST_AUTO_TEST_CASE(minimised_automata_have_the_fewest_states) {
  BOOST_TEST(matching("a*").states() == 1u);
  BOOST_TEST(matching("(a|b)*abb").states() == 4u);
  BOOST_TEST(matching("(a|b)*a(a|b){3}").states() == 16u);
  BOOST_TEST(matching("abc|xbc").states() == 4u);
  BOOST_TEST(matching("a{2,5}").states() == 6u);
  BOOST_TEST(intersection(matching("a"), matching("b"), budget()).states() == 1u);
}

BOOST_AUTO_TEST_CASE(a_text_of_several_has_its_index_as_label) {
  const std::u32string texts[] = {U"to", U"tea", U"", U"tea", U"日"};
  const Automaton all = one_of(texts, budget());

  BOOST_TEST(all.label(U"to") == 0);
  BOOST_TEST(all.label(U"tea") == 1);
  BOOST_TEST(all.label(U"") == 2);
  BOOST_TEST(all.label(U"日") == 4);
  BOOST_TEST(all.label(U"te") == -1);
}

BOOST_AUTO_TEST_CASE(lengths_are_those_of_the_shortest_and_longest_text) {
  const Lengths bounded = lengths(matching("a{2,5}|b{9}"));
  BOOST_TEST(bounded.least == 2u);
  BOOST_TEST(bounded.most.value() == 9u);
  const Lengths endless = lengths(matching("ab+"));
  BOOST_TEST(endless.least == 2u);
  BOOST_TEST(!endless.most.has_value());
  BOOST_TEST(lengths(of_length(3, 7, budget())).most.value() == 7u);
}

BOOST_AUTO_TEST_CASE(what_costs_too_much_is_an_error) {
  Budget little(1000);
  BOOST_CHECK_EXCEPTION(of_length(0, 5000, little), quipu::Error, [](const quipu::Error& error) {
    return error.code() == quipu::ErrorCode::invalid;
  });
}
