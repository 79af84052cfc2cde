// Frequencies of rotary embeddings, and the job that turns heads.
#include "stages/rope.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace quipu_cpu;

namespace {

quipu_rope plain(std::uint32_t rotary) {
  return {.size = sizeof(quipu_rope),
          .heads = 1,
          .head_width = rotary,
          .rotary = rotary,
          .pairing = QUIPU_ROPE_HALVES,
          .base = 10000,
          .factor = 1,
          .magnitude = 1};
}

}  // namespace

BOOST_AUTO_TEST_CASE(frequencies_fall_by_powers_of_the_base) {
  const auto frequencies = rope_frequencies(plain(8), nullptr);

  const double expected[] = {1, 0.1, 0.01, 0.001};
  for (int i = 0; i < 4; ++i) BOOST_TEST(std::abs(frequencies[i] / expected[i] - 1) < 1e-14);
}

BOOST_AUTO_TEST_CASE(factors_and_linear_scaling_divide) {
  quipu_rope rope = plain(4);
  rope.scaling = QUIPU_ROPE_SCALING_LINEAR;
  rope.factor = 4;
  const float factors[] = {2, 8};

  const auto frequencies = rope_frequencies(rope, factors);

  BOOST_TEST(frequencies[0] == 1.0 / 2 / 4);
  BOOST_TEST(std::abs(frequencies[1] - 0.01 / 8 / 4) < 1e-17);
}

// Head width 128, base 10000, context 4096 stretched 16 times: arXiv:2309.00071, section 3.2 gives
// the bounds 20.9 and 45.1, taken outwards to 20 and 46.
BOOST_AUTO_TEST_CASE(yarn_keeps_fast_pairs_and_interpolates_slow_ones) {
  quipu_rope rope = plain(128);
  rope.scaling = QUIPU_ROPE_SCALING_YARN;
  rope.factor = 16;
  rope.extrapolation = 1;
  rope.beta_fast = 32;
  rope.beta_slow = 1;
  rope.original_context = 4096;
  const auto unscaled = rope_frequencies(plain(128), nullptr);

  const auto frequencies = rope_frequencies(rope, nullptr);

  const auto ratio = [&](int pair) { return frequencies[pair] / unscaled[pair]; };
  BOOST_TEST(std::abs(ratio(0) - 1) < 1e-14);
  BOOST_TEST(std::abs(ratio(20) - 1) < 1e-14);
  BOOST_TEST(std::abs(ratio(33) - (0.5 + 0.5 / 16)) < 1e-14);
  BOOST_TEST(std::abs(ratio(46) - 1.0 / 16) < 1e-14);
  BOOST_TEST(std::abs(ratio(63) - 1.0 / 16) < 1e-14);
}

BOOST_AUTO_TEST_CASE(positions_of_a_million_turn_by_the_right_angle) {
  const auto frequencies = rope_frequencies(plain(8), nullptr);
  const std::int32_t positions[] = {1'000'003};
  const quipu_batch batch{.size = sizeof batch, .count = 1, .positions = positions};
  const Step step{&batch, 1, 1, nullptr};
  float cosines[4], sines[4];
  Buffer none;
  const Matrix cosine{&none, cosines, 4, 4}, sine{&none, sines, 4, 4};
  const auto job = rope_table_job(frequencies, 1, cosine, sine);

  job->run(step, 0, job->tasks(step), 0);

  for (int i = 0; i < 4; ++i) {
    const long double angle = 1'000'003.0L * powl(10.0L, -i);
    BOOST_TEST(std::abs(cosines[i] - static_cast<double>(cosl(angle))) < 1e-7);
    BOOST_TEST(std::abs(sines[i] - static_cast<double>(sinl(angle))) < 1e-7);
  }
}

BOOST_AUTO_TEST_CASE(columns_past_the_rotary_ones_pass_through) {
  quipu_rope rope = plain(2);
  rope.heads = 2;
  rope.head_width = 3;
  const float x[] = {1, 2, 3, 4, 5, 6}, cosine[] = {0}, sine[] = {1};
  float y[6];

  rope_row(row_kernels(QUIPU_ISA_SCALAR), rope, cosine, sine, x, y);

  const float expected[] = {-2, 1, 3, -5, 4, 6};
  BOOST_TEST(y == expected, boost::test_tools::per_element());
}
