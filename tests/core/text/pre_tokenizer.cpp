// Words against those that the models' own patterns give (tests/data/text/make_splits.py), and what
// long runs of one character do.
#include "text/pre_tokenizer.h"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

#include "support/small_stack.h"
#include "text/pre_tokenizer_patterns.h"

using quipu::PreTokenizer;
namespace json = boost::json;

namespace {

std::vector<std::size_t> sizes(const PreTokenizer& pre, std::string_view text) {
  std::vector<std::size_t> out;
  pre.split(text, [&](std::string_view word) { out.push_back(word.size()); });
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(words_are_those_of_the_models_own_patterns) {
  std::ifstream file(QUIPU_TEST_DATA "/text/splits.json");
  const json::value golden = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  const auto texts = json::value_to<std::vector<std::string>>(golden.at("texts"));
  for (const auto& [name, splits] : golden.at("splits").as_object()) {
    const PreTokenizer pre(name, nullptr);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto expected = json::value_to<std::vector<std::size_t>>(splits.at(i));
      BOOST_TEST(sizes(pre, texts[i]) == expected, name << ": '" << texts[i] << "'");
    }
  }
}

BOOST_AUTO_TEST_CASE(the_parts_of_any_bytes_together_are_the_bytes) {
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes += static_cast<char>((i * i * 31 + i / 7) % 256);
  for (const auto& named : quipu::patterns::named) {
    std::string joined;
    PreTokenizer(named.name, nullptr).split(bytes, [&](std::string_view word) { joined += word; });
    BOOST_TEST(joined == bytes, named.name);
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_words_of_their_own) {
  const PreTokenizer pre("gpt-2", nullptr);

  const std::vector<std::size_t> expected{2, 3, 3};
  BOOST_TEST(sizes(pre, "ab\xFF\xC0\x80 cd") == expected);
}

BOOST_AUTO_TEST_CASE(an_unknown_name_takes_gpt_2_and_says_so) {
  std::vector<std::string> warnings;
  const PreTokenizer unknown("no-such-model", &warnings);

  BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
  BOOST_TEST(warnings[0].starts_with("tokenizer.ggml.pre: 'no-such-model' is unknown"));
  BOOST_TEST(sizes(unknown, "it's 1234") == sizes(PreTokenizer("gpt-2", nullptr), "it's 1234"));
}

BOOST_AUTO_TEST_CASE(no_name_takes_the_old_default_and_says_so) {
  std::vector<std::string> warnings;
  const PreTokenizer none("", &warnings);

  BOOST_REQUIRE_EQUAL(warnings.size(), 1u);
  BOOST_TEST(warnings[0].starts_with("tokenizer.ggml.pre: none given"));
  BOOST_TEST(sizes(none, "a 12345") == (std::vector<std::size_t>{1, 1, 3, 2}));
}

BOOST_AUTO_TEST_CASE(a_known_name_gives_no_warning) {
  std::vector<std::string> warnings;
  const PreTokenizer pre("qwen2", &warnings);

  BOOST_TEST(warnings.empty());
}

BOOST_AUTO_TEST_CASE(a_long_run_of_one_character_needs_little_stack_and_no_more_than_its_length) {
  for (const std::string_view unit : quipu::test::long_run_units) {
    const std::string text = quipu::test::long_run(unit, 1 << 18);
    quipu::test::on_small_stack([&] {
      for (const auto& named : quipu::patterns::named) {
        // Names that share a pattern need one run.
        if (&named != quipu::patterns::named && named.patterns == (&named - 1)->patterns) continue;
        std::size_t bytes = 0;
        PreTokenizer(named.name, nullptr).split(text, [&](std::string_view word) {
          bytes += word.size();
        });
        if (bytes != text.size()) throw std::logic_error("bytes are missing");
      }
    });
  }
}

// Minutes where a pattern looks through the rest of the run from each of its places.
BOOST_AUTO_TEST_CASE(a_long_run_of_spaces_before_something_else_takes_linear_time) {
  for (const char* const end : {"0", ".", "\n"}) {
    const std::string text = std::string(1 << 19, ' ') + end;
    for (const auto& named : quipu::patterns::named) {
      if (&named != quipu::patterns::named && named.patterns == (&named - 1)->patterns) continue;
      BOOST_TEST(!sizes(PreTokenizer(named.name, nullptr), text).empty());
    }
  }
}
