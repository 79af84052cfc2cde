// Which tokens would complete a banned text, against looking for it in what was written.
#include "text/banned_texts.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "quipu/error.h"
#include "text/random.h"

using quipu::BannedTexts;
using quipu::Token;

namespace {

using Texts = std::vector<std::string>;

std::function<std::string(Token)> texts_of(const Texts& pieces) {
  return [&](Token token) { return pieces[static_cast<std::size_t>(token)]; };
}

bool has_any(const std::string& text, const Texts& banned) {
  return std::ranges::any_of(
      banned, [&](const std::string& part) { return text.find(part) != std::string::npos; });
}

// Of few letters, so that beginnings are shared and overlap.
std::string random_text(std::uint64_t seed, std::size_t longest) {
  static const Texts letters{"a", "b", "\xC3", "\xA9"};
  std::string text;
  const std::size_t length = 1 + quipu::random_bits(seed, 0) % longest;
  for (std::size_t i = 1; i <= length; ++i)
    text += letters[quipu::random_bits(seed, i) % letters.size()];
  return text;
}

Texts random_texts(std::uint64_t seed, std::size_t count, std::size_t longest) {
  Texts texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(random_text(seed * 1000 + i, longest));
  return texts;
}

void refused(const Texts& texts) {
  BOOST_CHECK_EXCEPTION(BannedTexts::check(texts), quipu::Error, [](const quipu::Error& error) {
    return error.code() == quipu::ErrorCode::usage &&
           std::string(error.what()).starts_with("banned text");
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_is_banned_across_the_borders_of_tokens) {
  const Texts pieces{"b", "ad", "bad", "d", "a", "a bad day", "", "x"}, texts{"bad"};
  BannedTexts banned(texts, pieces.size(), texts_of(pieces));

  BOOST_TEST(banned.allowed().count() == 6u);
  BOOST_TEST(!banned.allowed().test(2));
  BOOST_TEST(!banned.allowed().test(5));
  banned.accept(0);
  BOOST_TEST(!banned.allowed().test(1));
  BOOST_TEST(banned.allowed().test(4));
  banned.accept(4);
  BOOST_TEST(!banned.allowed().test(3));
  BOOST_TEST(banned.allowed().test(1));
  banned.accept(6);  // no text: changes nothing
  BOOST_TEST(!banned.allowed().test(3));
  banned.accept(7);
  BOOST_TEST(banned.allowed().test(3));
}

BOOST_AUTO_TEST_CASE(exactly_the_tokens_that_would_complete_a_text_are_not_allowed) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Texts pieces = random_texts(2 * seed, 40, 5);
    Texts texts = random_texts(2 * seed + 1, 4, 6);
    // Single letters would leave too little to go on with.
    std::erase_if(texts, [](const std::string& text) { return text.size() < 3; });
    BannedTexts banned(texts, pieces.size(), texts_of(pieces));
    std::string written;
    for (std::uint64_t step = 0; step < 60; ++step) {
      const auto& allowed = banned.allowed();
      std::vector<Token> open;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto token = static_cast<Token>(i);
        BOOST_TEST(allowed.test(token) == !has_any(written + pieces[i], texts));
        if (allowed.test(token)) open.push_back(token);
      }
      if (open.empty()) break;
      const Token next = open[quipu::random_bits(seed + 7000, step) % open.size()];
      banned.accept(next);
      written += pieces[static_cast<std::size_t>(next)];
    }
  }
}

BOOST_AUTO_TEST_CASE(masks_are_right_after_more_states_than_are_kept) {
  const Texts texts{std::string(300, 'a') + "b"}, pieces{"a", "b", "c"};
  BannedTexts banned(texts, pieces.size(), texts_of(pieces));

  for (int times = 0; times < 2; ++times) {
    for (int i = 0; i < 299; ++i) {
      BOOST_TEST(banned.allowed().count() == 3u);
      banned.accept(0);
    }
    banned.accept(0);
    BOOST_TEST(!banned.allowed().test(1));
    banned.accept(0);  // still 300 of them before it
    BOOST_TEST(!banned.allowed().test(1));
    banned.accept(2);
  }
}

BOOST_AUTO_TEST_CASE(tokens_outside_the_vocabulary_change_nothing) {
  const Texts texts{"ab"}, pieces{"a", "b"};
  BannedTexts banned(texts, pieces.size(), texts_of(pieces));
  banned.accept(0);
  banned.accept(-1);
  banned.accept(2);

  BOOST_TEST(!banned.allowed().test(1));
}

BOOST_AUTO_TEST_CASE(texts_that_cannot_be_banned_are_refused) {
  refused({""});
  refused({"a", ""});
  refused({"a\xEF\xBF\xBD"});
  refused(Texts(2, std::string(2049, 'a')));
  BannedTexts::check(Texts(2, std::string(2048, 'a')));
}
