// Stop texts in pieces of every size, against a search in the whole text.
#include "engine/stop_texts.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using quipu::StopTexts;

namespace {

struct Shown {
  std::string text;
  bool found;
};

Shown shown_in_pieces(const std::string& text, std::size_t piece,
                      const std::vector<std::string>& stops) {
  StopTexts stop(stops);
  std::string out;
  for (std::size_t at = 0; at < text.size() && !stop.found(); at += piece)
    out += stop.push(text.substr(at, piece));
  if (!stop.found()) out += stop.finish();
  return {out, stop.found()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(text_is_shown_up_to_the_stop_text_whatever_the_pieces) {
  const std::vector<std::string> stops{"aab", "baba", "cc"};
  for (const std::string text :
       {"xaaab", "xaabaab", "bababa", "abcabcc", "aa", "ba", "nothing of it", "ababab", "c"}) {
    std::size_t first = std::string::npos;
    for (const auto& stop : stops) first = std::min(first, text.find(stop));
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
      const Shown shown = shown_in_pieces(text, piece, stops);

      BOOST_TEST(shown.text == text.substr(0, first), text << " in pieces of " << piece);
      BOOST_TEST(shown.found == (first != std::string::npos));
    }
  }
}

BOOST_AUTO_TEST_CASE(text_is_held_back_only_while_it_may_become_a_stop_text) {
  StopTexts stop({"stop"});

  BOOST_TEST(stop.push("as") == "a");
  BOOST_TEST(stop.push("to") == "");
  BOOST_TEST(stop.push("s") == "sto");
  BOOST_TEST(stop.push("x") == "sx");
}

BOOST_AUTO_TEST_CASE(an_empty_stop_text_stops_nothing) {
  StopTexts stop({""});

  BOOST_TEST(stop.push("text") == "text");
  BOOST_TEST(!stop.found());
}
