// The quick ways to the highest logits, against a plain loop over all of them.
#include "text/logit_blocks.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/random.h"

using quipu::Candidate;
using quipu::LogitBlocks;
using quipu::Token;
using quipu::TokenSet;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Few values, so that many are equal; some infinite, some zeros of either sign.
std::vector<float> row_of(std::size_t size, std::uint64_t seed) {
  std::vector<float> row(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto bits = quipu::random_bits(seed, i);
    row[i] = bits % 50 == 0   ? -infinity
             : bits % 50 == 1 ? -0.0f
                              : static_cast<float>(bits % 100) - 50.0f;
  }
  return row;
}

std::vector<Candidate> sorted(const std::vector<float>& row) {
  std::vector<Candidate> all;
  for (std::size_t i = 0; i < row.size(); ++i)
    all.push_back({row[i], static_cast<quipu::Token>(i)});
  std::ranges::sort(all, quipu::likelier);
  return all;
}

// Some blocks empty, some full, most mixed; now and then too small for the row.
TokenSet set_of(std::size_t size, std::uint64_t seed) {
  TokenSet set(seed % 4 == 3 ? size - size / 3 : size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto kind = quipu::random_bits(seed + 100, i / 64) % 4;
    if (kind == 0 || (kind > 1 && quipu::random_bits(seed, i) % 3 == 0))
      set.set(static_cast<Token>(i));
  }
  return set;
}

std::vector<float> masked(std::vector<float> row, const TokenSet& set) {
  for (std::size_t i = 0; i < row.size(); ++i)
    if (!set.test(static_cast<Token>(i))) row[i] = -infinity;
  return row;
}

constexpr std::size_t sizes[] = {1, 2, 63, 64, 65, 127, 128, 640, 1000, 5000};

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_highest_is_the_likeliest_with_the_lowest_id) {
  for (const std::size_t size : sizes)
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto row = row_of(size, seed);
      LogitBlocks blocks;
      blocks.scan(row);

      BOOST_TEST(blocks.highest() == sorted(row)[0].logit);
      BOOST_TEST(blocks.first_highest() == sorted(row)[0].token);
    }
}

BOOST_AUTO_TEST_CASE(collecting_the_highest_misses_none_of_them) {
  for (const std::size_t size : sizes)
    for (const std::size_t count : {1, 2, 40, 100, 10000}) {
      const auto row = row_of(size, count);
      LogitBlocks blocks;
      blocks.scan(row);
      std::vector<Candidate> found;
      blocks.collect_highest(count, found);
      std::ranges::sort(found, quipu::likelier);

      const auto all = sorted(row);
      BOOST_REQUIRE_GE(found.size(), std::min(count, size));
      for (std::size_t i = 0; i < std::min(count, size); ++i)
        BOOST_TEST(found[i].token == all[i].token);
    }
}

BOOST_AUTO_TEST_CASE(collecting_from_a_logit_up_gives_those_and_no_others) {
  const auto row = row_of(1000, 3);
  LogitBlocks blocks;
  blocks.scan(row);
  std::vector<Candidate> found;
  blocks.collect(20, found);

  const auto expected = std::ranges::count_if(row, [](float logit) { return logit >= 20; });
  BOOST_TEST(found.size() == static_cast<std::size_t>(expected));
  BOOST_TEST(std::ranges::all_of(found, [](const Candidate& c) { return c.logit >= 20; }));
}

BOOST_AUTO_TEST_CASE(a_nan_is_noticed_wherever_it_is_and_of_either_sign) {
  for (const std::size_t at : {0, 1, 63, 64, 129, 199})
    for (const float sign : {1.0f, -1.0f}) {
      auto row = row_of(200, 1);
      row[at] = std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
      LogitBlocks blocks;
      blocks.scan(row);

      BOOST_TEST(blocks.has_nan(), at);
    }
}

BOOST_AUTO_TEST_CASE(infinities_are_no_nan) {
  const std::vector<float> row{-infinity, infinity, 0};
  LogitBlocks blocks;
  blocks.scan(row);

  BOOST_TEST(!blocks.has_nan());
  BOOST_TEST(blocks.highest() == infinity);
}

BOOST_AUTO_TEST_CASE(tokens_that_are_not_allowed_are_as_if_they_were_minus_infinity) {
  for (const std::size_t size : sizes)
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const auto row = row_of(size, seed);
      const auto set = set_of(size, seed);
      const auto plain = masked(row, set);
      LogitBlocks blocks, expected;
      blocks.scan(row, &set);
      expected.scan(plain);
      std::vector<Candidate> found, sought;
      blocks.collect(-20, found);
      expected.collect(-20, sought);

      BOOST_TEST(blocks.highest() == expected.highest());
      if (expected.highest() > -infinity)
        BOOST_TEST(blocks.first_highest() == expected.first_highest());
      BOOST_REQUIRE_EQUAL(found.size(), sought.size());
      for (std::size_t i = 0; i < found.size(); ++i) BOOST_TEST(found[i].token == sought[i].token);
    }
}

BOOST_AUTO_TEST_CASE(a_nan_counts_only_where_it_is_allowed) {
  auto row = row_of(200, 1);
  row[70] = std::numeric_limits<float>::quiet_NaN();
  TokenSet set(200);
  set.set(69);
  LogitBlocks blocks;

  blocks.scan(row, &set);
  BOOST_TEST(!blocks.has_nan());

  set.set(70);
  blocks.scan(row, &set);
  BOOST_TEST(blocks.has_nan());
}
