// Special tokens in text, against trying each of them at each place.
#include "text/special_tokens.h"

#include <boost/test/unit_test.hpp>

#include <string>

#include "text/fragments.h"
#include "text/random.h"

using quipu::SpecialTokens;
using quipu::Token;

namespace {

Token plain_search(const std::vector<SpecialTokens::Entry>& entries, std::string_view text) {
  std::size_t longest = 0;
  Token found = -1;
  for (const auto& entry : entries)
    if (entry.text.size() > longest && text.starts_with(entry.text)) {
      longest = entry.text.size();
      found = entry.token;
    }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_longest_that_the_text_begins_with_is_found) {
  const SpecialTokens special({{"<a>", 1}, {"<ab>", 2}, {"<a", 3}, {"\xFF\x01", 4}, {"x", 5}});

  BOOST_TEST(special.at("<a>").token == 1);
  BOOST_TEST(special.at("<ab>!").token == 2);
  BOOST_TEST(special.at("<ab").token == 3);
  BOOST_TEST(special.at("<").token == -1);
  BOOST_TEST(special.at("\xFF\x01").token == 4);
  BOOST_TEST(special.at("xx").token == 5);
  BOOST_TEST(special.at("y").token == -1);
}

BOOST_AUTO_TEST_CASE(it_finds_what_a_plain_search_finds) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < 60; ++i) {
    std::string text;
    for (std::uint64_t k = 0; k <= quipu::random_bits(1, i) % 5; ++k)
      text += static_cast<char>('a' + quipu::random_bits(i + 2, k) % 3);
    texts.push_back(text);
  }
  std::vector<SpecialTokens::Entry> entries;
  for (const auto& text : texts) entries.push_back({text, static_cast<Token>(entries.size())});
  const SpecialTokens special(entries);

  for (std::uint64_t i = 0; i < 2000; ++i) {
    std::string text;
    for (std::uint64_t k = 0; k < 8; ++k)
      text += static_cast<char>('a' + quipu::random_bits(i + 100, k) % 4);
    BOOST_TEST(special.at(text).token == plain_search(entries, text), text);
  }
}

BOOST_AUTO_TEST_CASE(of_equal_texts_the_first_counts_and_empty_ones_do_not) {
  const SpecialTokens special({{"", 1}, {"<s>", 2}, {"<s>", 3}});

  BOOST_TEST(special.at("<s>").token == 2);
  BOOST_TEST(special.at("s").token == -1);
}

BOOST_AUTO_TEST_CASE(a_text_too_long_for_a_special_token_is_left_out) {
  const std::string longest(SpecialTokens::longest, 'a'), longer = longest + 'a';
  const SpecialTokens special({{longer, 1}, {longest, 2}});

  BOOST_TEST(special.at(longer).token == 2);
}

BOOST_AUTO_TEST_CASE(fragments_are_the_text_in_order) {
  const SpecialTokens special({{"<s>", 1}, {"</s>", 2}});
  std::string seen;
  quipu::for_each_fragment(
      special, "<s>a<b</s><s>c<",
      [&](std::string_view text) { (seen += '[') += text, seen += ']'; },
      [&](Token token) { seen += std::to_string(token); });

  BOOST_TEST(seen == "1[a<b]21[c<]");
}

BOOST_AUTO_TEST_CASE(tokens_take_the_spaces_beside_them_where_models_do_so) {
  using quipu::Strip;
  const SpecialTokens special({{"<b>", 1, Strip::before}, {"<a>", 2, Strip::after}});
  std::string seen;
  quipu::for_each_fragment(
      special, "x \t<b> y<a> \n z<b><a>  <b>  ",
      [&](std::string_view text) { (seen += '[') += text, seen += ']'; },
      [&](Token token) { seen += std::to_string(token); });

  BOOST_TEST(seen == "[x]1[ y]2[z]121[  ]");
}
