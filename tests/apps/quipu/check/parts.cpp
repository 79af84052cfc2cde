// Parts of a check that are functions of numbers.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <limits>

#include "check/tensor_scan.h"
#include "check/text_oddities.h"
#include "likelihood.h"

using quipu::Token;
using quipu::app::scan_tensor;
using quipu::app::TensorScan;
using quipu::app::text_oddities;

namespace {

std::vector<std::string> oddities(std::vector<Token> tokens, std::string_view text,
                                  bool ended = false) {
  return text_oddities(tokens, text, ended);
}

std::vector<Token> repeated(std::vector<Token> some, std::size_t times) {
  std::vector<Token> tokens{901, 902, 903};
  for (std::size_t i = 0; i < times; ++i) tokens.insert(tokens.end(), some.begin(), some.end());
  return tokens;
}

TensorScan scan(const std::vector<float>& values, std::uint32_t threads = 1) {
  quipu_codec codec{};
  codec.size = sizeof codec;
  codec.block_columns = 1;
  codec.block_bytes = 4;
  codec.dequantize = [](const void* blocks, std::uint64_t count, float* out) noexcept {
    std::memcpy(out, blocks, count * 4);
  };
  const quipu::TensorEntry tensor{"w",
                                  "toy:0",
                                  {values.size()},
                                  reinterpret_cast<const std::byte*>(values.data()),
                                  values.size() * 4,
                                  0,
                                  0};
  return scan_tensor(tensor, codec, threads);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_that_goes_on_is_not_odd) {
  BOOST_TEST(oddities({5, 6, 7, 5, 6, 8, 5, 6, 9}, "one, two, three").empty());
  BOOST_TEST(oddities(repeated({5, 6, 7, 8}, 3), "a list of three").empty());
  BOOST_TEST(oddities({5}, "Paris", true).empty());
}

BOOST_AUTO_TEST_CASE(an_answer_that_repeats_is_told_by_the_length_of_what_repeats) {
  BOOST_TEST(oddities(repeated({5}, 15), "x").empty());
  BOOST_TEST(oddities(repeated({5}, 16), "x")[0] == "the greedy text repeats one token");
  BOOST_TEST(oddities(repeated({5, 6, 7}, 6), "x")[0] ==
             "the greedy text repeats the same 3 tokens");
  BOOST_TEST(oddities(repeated({1, 2, 3, 4, 5, 6, 7, 8}, 4), "x")[0] ==
             "the greedy text repeats the same 8 tokens");
}

BOOST_AUTO_TEST_CASE(an_answer_without_text_is_odd) {
  BOOST_TEST(oddities({}, "", true)[0] == "the greedy answer is empty");
  BOOST_TEST(oddities({5, 6}, "", true)[0] == "the greedy answer is empty");
  BOOST_TEST(oddities({5, 6}, " \n\n", false)[0] == "the greedy answer is blank");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_are_odd_but_for_one_cut_off_at_the_end) {
  BOOST_TEST(oddities({5, 6}, "smile \xEF\xBF\xBD", false).empty());
  BOOST_TEST(oddities({5, 6}, "smile \xEF\xBF\xBD", true).size() == 1);
  BOOST_TEST(oddities({5, 6}, "\xEF\xBF\xBD smile \xEF\xBF\xBD x", false)[0].find("has 2 bytes") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_largest_weight_and_what_is_common_are_found_by_any_number_of_threads) {
  // Groups of 32 with largest magnitudes of 2 to 3.9: the exponent is 1.
  std::vector<float> values(1 << 20);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = (i % 32 == 5 ? 2.0f + static_cast<float>(i % 64) / 36 : 0.5f) * (i % 2 ? -1 : 1);
  values[777'777] = -5e6f;

  for (const std::uint32_t threads : {1u, 3u}) {
    const TensorScan found = scan(values, threads);
    BOOST_TEST(!found.invalid);
    BOOST_TEST(found.largest == 5e6f);
    BOOST_TEST(found.largest_at == 777'777u);
    BOOST_TEST(found.groups == values.size() / 32);
    // One group of 32768 is 2^22: 21 more than the others, divided by their number.
    BOOST_TEST(std::abs(found.common - 2 * std::exp2(21.0 / 32768)) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(the_first_number_that_is_not_finite_is_found_by_any_number_of_threads) {
  std::vector<float> values(1 << 20, 1.0f);
  values[400'001] = std::numeric_limits<float>::infinity();
  values[900'000] = std::nanf("");

  for (const std::uint32_t threads : {1u, 4u}) {
    BOOST_TEST(scan(values, threads).invalid.value() == 400'001u);
    BOOST_TEST(scan(values, threads).invalid_value == std::numeric_limits<float>::infinity());
  }
}

BOOST_AUTO_TEST_CASE(zeros_have_nothing_common) {
  const TensorScan found = scan(std::vector<float>(1000));
  BOOST_TEST(found.groups == 0u);
  BOOST_TEST(found.common == 0);
}

BOOST_AUTO_TEST_CASE(likelihoods_and_divergences_are_those_of_fractions) {
  // Softmaxes of {1/2, 1/4, 1/4} and {1/4, 1/4, 1/2}, shifted.
  const std::vector<float> p{std::log(0.5f) + 3, std::log(0.25f) + 3, std::log(0.25f) + 3};
  const std::vector<float> q{std::log(0.25f), std::log(0.25f), std::log(0.5f)};

  // Floats of logarithms have seven digits.
  BOOST_TEST(std::abs(quipu::app::log_likelihood(p, 0) - std::log(0.5)) < 1e-6);
  // 1/2 log 2 + 0 - 1/4 log 2.
  BOOST_TEST(std::abs(quipu::app::divergence(p, q) - 0.25 * std::log(2.0)) < 1e-6);
  BOOST_TEST(quipu::app::divergence(p, p) == 0);
}
