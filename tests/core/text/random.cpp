// The generator against the reference output of SplitMix64 for seed 0 (as in Vigna's
// splitmix64.c), and what sampling makes of it.
#include "text/random.h"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(the_first_numbers_of_seed_0_are_those_of_the_reference) {
  BOOST_TEST(quipu::random_bits(0, 0) == 0xE220A8397B1DCDAFu);
  BOOST_TEST(quipu::random_bits(0, 1) == 0x6E789E6AA1B965F4u);
  BOOST_TEST(quipu::random_bits(0, 2) == 0x06C45D188009454Fu);
  BOOST_TEST(quipu::random_bits(0, 3) == 0xF88BB8A8724C81ECu);
}

BOOST_AUTO_TEST_CASE(units_are_at_least_0_and_below_1) {
  for (std::uint64_t step = 0; step < 1000; ++step) {
    const double unit = quipu::random_unit(7, step);
    BOOST_TEST((unit >= 0 && unit < 1));
  }
}
