// Text on its way into the line editor.
#include "chat/editing.h"

#include <boost/test/unit_test.hpp>

using quipu::app::cleaned_paste;
using quipu::app::completed;
using quipu::app::Pastes;
using quipu::app::to_utf8;

BOOST_AUTO_TEST_CASE(tab_completes_what_all_candidates_share) {
  const std::vector<std::string> candidates{"/set ", "/set temp ", "/set top-k ", "/quit"};

  BOOST_TEST(completed("/q", candidates) == "/quit");
  BOOST_TEST(completed("/s", candidates) == "/set ");
  BOOST_TEST(completed("/set t", candidates) == "/set t");
  BOOST_TEST(completed("/set te", candidates) == "/set temp ");
  BOOST_TEST(completed("hello", candidates) == "hello");
}

BOOST_AUTO_TEST_CASE(pasted_lines_end_with_newlines_and_control_bytes_are_gone) {
  BOOST_TEST(cleaned_paste("a\rb\r\nc\nd\te") == "a\nb\nc\nd\te");
  BOOST_TEST(cleaned_paste("\x1b[31mred\x7f\x01") == "[31mred");
  BOOST_TEST(cleaned_paste("\xE6\x97\xA5") == "\xE6\x97\xA5");
}

BOOST_AUTO_TEST_CASE(wide_characters_become_utf8) {
  BOOST_TEST(to_utf8(L"a\u00e9\u65e5\U0001f600") == "a\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80");
  BOOST_TEST(to_utf8(std::wstring(1, static_cast<wchar_t>(0xD800))) == "\xEF\xBF\xBD");
  BOOST_TEST(to_utf8(std::wstring(1, static_cast<wchar_t>(0x110000))) == "\xEF\xBF\xBD");
}

BOOST_AUTO_TEST_CASE(a_long_paste_is_shown_by_its_size_and_read_as_it_is) {
  Pastes pastes;
  const std::string lines = "1\n2\n3\n4\n5\n6\n7\n8\n[pasted 2: 1 line]";

  BOOST_TEST(pastes.add("short\npaste") == "short\npaste");
  BOOST_TEST(pastes.add(lines) == "[pasted 1: 9 lines]");
  BOOST_TEST(pastes.add(std::string(1001, 'x')) == "[pasted 2: 1 line]");

  BOOST_TEST(pastes.restored("a [pasted 1: 9 lines] b [pasted 2: 1 line]") ==
             "a " + lines + " b " + std::string(1001, 'x'));
  BOOST_TEST(pastes.restored("none") == "none");
  pastes.clear();
  BOOST_TEST(pastes.restored("[pasted 1: 9 lines]") == "[pasted 1: 9 lines]");
}
