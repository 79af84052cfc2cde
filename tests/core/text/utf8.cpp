// Which bytes are UTF-8, by the table of RFC 3629 (its section 4).
#include "text/utf8.h"

#include <boost/test/unit_test.hpp>

using quipu::code_point_size;
using quipu::unfinished_size;
using quipu::valid_utf8;

BOOST_AUTO_TEST_CASE(code_points_of_every_length_are_known) {
  BOOST_TEST(code_point_size("a\x80") == 1u);
  BOOST_TEST(code_point_size(std::string_view("\0", 1)) == 1u);
  BOOST_TEST(code_point_size("\xC2\x80") == 2u);
  BOOST_TEST(code_point_size("\xE0\xA0\x80x") == 3u);
  BOOST_TEST(code_point_size("\xED\x9F\xBF") == 3u);
  BOOST_TEST(code_point_size("\xF0\x90\x80\x80") == 4u);
  BOOST_TEST(code_point_size("\xF4\x8F\xBF\xBF") == 4u);
}

BOOST_AUTO_TEST_CASE(what_is_no_code_point_has_no_size) {
  for (const char* const bytes :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2z", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE2\x82", "\xE2\x82z", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFF"})
    BOOST_TEST(code_point_size(bytes) == 0u);
}

BOOST_AUTO_TEST_CASE(an_unfinished_code_point_at_the_end_is_measured) {
  BOOST_TEST(unfinished_size("") == 0u);
  BOOST_TEST(unfinished_size("ab") == 0u);
  BOOST_TEST(unfinished_size("a\xE2") == 1u);
  BOOST_TEST(unfinished_size("a\xE2\x82") == 2u);
  BOOST_TEST(unfinished_size("a\xE2\x82\xAC") == 0u);
  BOOST_TEST(unfinished_size("\xF0\x9F\x98") == 3u);
  BOOST_TEST(unfinished_size("\xF0\x9F\x98\x80") == 0u);
  BOOST_TEST(unfinished_size("\xE2\x82\xAC\xC3") == 1u);
}

BOOST_AUTO_TEST_CASE(what_can_not_become_a_code_point_is_not_waited_for) {
  BOOST_TEST(unfinished_size("\x80\x80") == 0u);
  BOOST_TEST(unfinished_size("\xC0") == 0u);
  BOOST_TEST(unfinished_size("\xED\xA0") == 0u);
  BOOST_TEST(unfinished_size("\xFF") == 0u);
}

BOOST_AUTO_TEST_CASE(bytes_that_belong_to_no_code_point_are_replaced_each) {
  BOOST_TEST(valid_utf8("a\xE2\x82\xAC") == "a\xE2\x82\xAC");
  BOOST_TEST(valid_utf8("a\xFF\x80z") == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
}
