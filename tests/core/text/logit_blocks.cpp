// The quick ways to the highest logits, against a plain loop over all of them.
#include "text/logit_blocks.h"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/random.h"

using quipu::Candidate;
using quipu::LogitBlocks;

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
