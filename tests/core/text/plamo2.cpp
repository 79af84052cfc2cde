// PLaMo 2's tokenizer, against trying every way to cut a text.
#include <boost/test/unit_test.hpp>

#include <map>

#include "small_vocabularies.h"
#include "spelled.h"
#include "support/mutation.h"
#include "text/random.h"

using quipu::Tokenizer;
using quipu::test::pieces_of_kind;
using quipu::test::spelled;

namespace {

// The best sum of scores, in units of 1/10,000, with -10,000,000 for a character without a piece
// (tokenization_plamo.py).
double best_score(const std::map<std::string, double>& scores, const std::string& text) {
  if (text.empty()) return 0;
  double best = -1000 + best_score(scores, text.substr(1));
  for (std::size_t size = 1; size <= text.size(); ++size)
    if (const auto at = scores.find(text.substr(0, size)); at != scores.end())
      best = std::max(best, at->second + best_score(scores, text.substr(size)));
  return best;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_cut_with_the_best_sum_of_scores_is_taken) {
  const std::vector<std::string> pieces{"ab", "b", "abb", "ba", "aab", "a", "bbb", "baab"};
  const auto metadata = pieces_of_kind("plamo2", pieces);
  const auto tokenizer = Tokenizer::make(metadata);
  std::map<std::string, double> scores;
  for (const auto& piece : pieces) scores[piece] = -259.0 - static_cast<double>(scores.size());
  BOOST_TEST(tokenizer->kind() == "plamo2");

  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::string text;
    for (std::uint64_t i = 0; i <= seed % 11; ++i)
      text += static_cast<char>('a' + quipu::random_bits(seed, i) % 3);
    double sum = 0;
    for (const auto token : tokenizer->encode(text, {.add_special = false})) {
      const auto at = scores.find(std::string(tokenizer->spelling(token)));
      sum += at == scores.end() ? -1000 : at->second;
    }
    BOOST_TEST(sum == best_score(scores, text), text);
  }
}

BOOST_AUTO_TEST_CASE(of_equal_sums_the_longest_piece_comes_first) {
  auto metadata = pieces_of_kind("plamo2", {"a", "b", "ab", "ba"});
  std::vector<float> scores(259, 0);
  for (const float score : {-1.f, -1.f, -1.f, -1.f}) scores.push_back(score);
  metadata.set("tokenizer.ggml.scores", scores);

  BOOST_TEST(spelled(*Tokenizer::make(metadata), "aba") == "ab|a");
}

BOOST_AUTO_TEST_CASE(any_bytes_come_back_and_a_byte_order_mark_is_left_out) {
  quipu::test::Mutation random(8);
  const auto metadata = pieces_of_kind("plamo2", {"a", " b", "\xE4\xB8\xAD", "\xE2\x96\x81"});
  const auto tokenizer = Tokenizer::make(metadata);
  for (int i = 0; i < 300; ++i) {
    const std::string text = "x" + (i % 2 ? random.text(40) : random.bytes(100));

    BOOST_TEST(tokenizer->decode(tokenizer->encode(text, {false, false}), true) == text);
  }
  BOOST_TEST(spelled(*tokenizer, "\xEF\xBB\xBF"
                                 "a") == "a");
}
