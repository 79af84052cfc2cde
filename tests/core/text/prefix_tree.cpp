// Prefixes of a text, against trying each entry.
#include "text/prefix_tree.h"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "text/random.h"

using quipu::PrefixTree;
using quipu::Token;
using Found = std::vector<std::pair<std::size_t, Token>>;

namespace {

Found prefixes(const PrefixTree& tree, std::string_view text) {
  Found out;
  tree.for_each_prefix(text, [&](std::size_t size, Token token) { out.emplace_back(size, token); });
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_prefix_is_found_the_shortest_first) {
  const PrefixTree tree({{"ab", 1}, {"abcd", 2}, {"abce", 3}, {"b", 4}, {"\xFF", 5}, {"a", 6}});

  BOOST_TEST((prefixes(tree, "abcdx") == Found{{1, 6}, {2, 1}, {4, 2}}));
  BOOST_TEST((prefixes(tree, "abc") == Found{{1, 6}, {2, 1}}));
  BOOST_TEST((prefixes(tree, "\xFF") == Found{{1, 5}}));
  BOOST_TEST(prefixes(tree, "x").empty());
  BOOST_TEST(prefixes(tree, "").empty());
  BOOST_TEST(tree.longest_prefix("abcex").token == 3);
  BOOST_TEST(tree.longest_prefix("abcex").text == "abce");
  BOOST_TEST(tree.longest_prefix("x").token == -1);
}

BOOST_AUTO_TEST_CASE(a_tree_of_nothing_finds_nothing) {
  BOOST_TEST(prefixes(PrefixTree(), "a").empty());
  BOOST_TEST(prefixes(PrefixTree(std::vector<PrefixTree::Entry>()), "a").empty());
}

BOOST_AUTO_TEST_CASE(of_equal_texts_the_first_counts_and_empty_and_very_long_ones_do_not) {
  const std::string longest(PrefixTree::longest, 'a'), longer = longest + 'a';
  const PrefixTree tree({{"", 1}, {"a", 2}, {"a", 3}, {longer, 4}, {longest, 5}});

  BOOST_TEST((prefixes(tree, longer) == Found{{1, 2}, {PrefixTree::longest, 5}}));
}

BOOST_AUTO_TEST_CASE(it_finds_what_a_plain_search_finds) {
  std::map<std::string, Token> plain;
  std::vector<std::string> texts(300);
  for (std::uint64_t i = 0; i < texts.size(); ++i) {
    for (std::uint64_t k = 0; k <= quipu::random_bits(1, i) % 12; ++k)
      texts[i] += static_cast<char>('a' + quipu::random_bits(i + 2, k) % 2);
    plain.emplace(texts[i], static_cast<Token>(i));
  }
  std::vector<PrefixTree::Entry> entries;
  for (const auto& text : texts) entries.push_back({text, static_cast<Token>(entries.size())});
  const PrefixTree tree(entries);

  for (std::uint64_t i = 0; i < 2000; ++i) {
    std::string text;
    for (std::uint64_t k = 0; k < 14; ++k)
      text += static_cast<char>('a' + quipu::random_bits(i + 1000, k) % 2);
    Found expected;
    for (std::size_t size = 1; size <= text.size(); ++size)
      if (const auto at = plain.find(text.substr(0, size)); at != plain.end())
        expected.emplace_back(size, at->second);
    BOOST_TEST((prefixes(tree, text) == expected), text);
  }
}
