// TokenSet: which bits are set, at the ends of words and beyond.
#include "quipu/token_set.h"

#include <boost/test/unit_test.hpp>

using quipu::Token;
using quipu::TokenSet;

BOOST_AUTO_TEST_CASE(a_set_holds_what_was_set_and_not_cleared) {
  TokenSet set(130);
  for (const Token token : {0, 63, 64, 129}) set.set(token);
  set.clear(64);

  BOOST_TEST(set.count() == 3u);
  BOOST_TEST(set.test(0));
  BOOST_TEST(set.test(63));
  BOOST_TEST(!set.test(64));
  BOOST_TEST(set.test(129));
  BOOST_TEST(!set.test(1));
}

BOOST_AUTO_TEST_CASE(words_have_token_t_at_bit_t_mod_64_and_zeros_past_the_size) {
  TokenSet set(65);
  set.set(1);
  BOOST_TEST(set.words().size() == 2u);
  BOOST_TEST(set.words()[0] == 2u);

  set.set_all();
  BOOST_TEST(set.words()[0] == ~std::uint64_t{0});
  BOOST_TEST(set.words()[1] == 1u);

  set.clear_all();
  BOOST_TEST(set.count() == 0u);
}

BOOST_AUTO_TEST_CASE(ids_outside_the_size_are_in_no_set) {
  TokenSet set(10);
  for (const Token token : {-1, 10, 63, 64, 1'000'000}) {
    set.set(token);
    set.clear(token);
    BOOST_TEST(!set.test(token));
  }

  set.set_all();
  BOOST_TEST(set.count() == 10u);
  BOOST_TEST(!set.test(-1));
  BOOST_TEST(!set.test(10));
}

BOOST_AUTO_TEST_CASE(sets_of_any_sizes_are_cut_and_subtracted) {
  TokenSet large(200), small(100), both(200), only_large(200);
  large.set_all();
  for (const Token token : {3, 70}) {
    small.set(token);
    both.set(token);
  }
  only_large.set_all();
  only_large.clear(3);
  only_large.clear(70);

  TokenSet cut = large, rest = large;
  cut &= small;
  rest -= small;

  BOOST_TEST((cut == both));
  BOOST_TEST((rest == only_large));
}
