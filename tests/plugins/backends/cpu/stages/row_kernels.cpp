// Row kernels of every instruction set against double arithmetic.
#include "stages/row_kernels.h"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "quipu/isa.h"

using namespace quipu_cpu;

namespace {

const std::vector<std::uint32_t>& usable_isas() {
  return quipu::processor_isas();
}

std::vector<float> random_floats(std::size_t count, float scale, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> x(count);
  for (float& value : x) value = normal(generator);
  return x;
}

/// Largest |found - expected| / |expected| over x = -40 … 40 and powers of two around zero.
double worst_error(std::uint32_t isa, std::uint32_t kind, double (*expected)(double),
                   double least_value) {
  std::vector<float> x;
  for (double v = -40; v <= 40; v += 1.0 / 2048) x.push_back(static_cast<float>(v));
  for (int power = -60; power < 3; ++power)
    for (const double sign : {-1.0, 1.0})
      x.push_back(static_cast<float>(sign * 1.37 * std::ldexp(1.0, power)));
  std::vector<float> y(x.size());
  row_kernels(isa).activate(kind, x.data(), x.size(), y.data());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double exact = expected(x[i]);
    if (std::abs(exact) < least_value) continue;
    worst = std::max(worst, std::abs(y[i] - exact) / std::abs(exact));
  }
  return worst;
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

// Six roundings of a float, 6e-8 each, are 4e-7; a product with a sum inside adds a few more.
constexpr double float_error = 6e-7;

BOOST_DATA_TEST_CASE(activations_have_the_digits_of_a_float,
                     boost::unit_test::data::make(usable_isas()), isa) {
  // Results below 1e-30 are as good as zero.
  constexpr double least = 1e-30;
  BOOST_TEST(worst_error(isa, QUIPU_ACT_SIGMOID, sigmoid, least) < float_error);
  BOOST_TEST(worst_error(
                 isa, QUIPU_ACT_SILU, [](double x) { return x * sigmoid(x); }, least) <
             float_error);
  BOOST_TEST(worst_error(
                 isa, QUIPU_ACT_TANH, [](double x) { return std::tanh(x); }, least) < float_error);
  BOOST_TEST(worst_error(
                 isa, QUIPU_ACT_GELU_ERF,
                 [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }, least) < 1e-6);
  BOOST_TEST(worst_error(
                 isa, QUIPU_ACT_RELU, [](double x) { return std::max(x, 0.0); }, least) == 0);
  BOOST_TEST(worst_error(
                 isa, QUIPU_ACT_RELU_SQUARED,
                 [](double x) { return std::max(x, 0.0) * std::max(x, 0.0); },
                 least) < float_error);
}

BOOST_DATA_TEST_CASE(gelus_through_a_sigmoid_are_exact_relative_to_their_exponent,
                     boost::unit_test::data::make(usable_isas()), isa) {
  // Far in the tail three roundings of the exponent, up to 80, show: 3 * 80 * 6e-8. Values
  // of that size are below 1e-12.
  const auto tanh_form = [](double x) {
    return x * sigmoid(2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
  };
  const auto quick_form = [](double x) { return x * sigmoid(1.702 * x); };
  BOOST_TEST(worst_error(isa, QUIPU_ACT_GELU_TANH, tanh_form, 1e-3) < 2e-6);
  BOOST_TEST(worst_error(isa, QUIPU_ACT_GELU_TANH, tanh_form, 1e-30) < 1.5e-5);
  BOOST_TEST(worst_error(isa, QUIPU_ACT_GELU_QUICK, quick_form, 1e-3) < 1e-6);
}

BOOST_DATA_TEST_CASE(a_value_that_is_no_number_stays_none,
                     boost::unit_test::data::make(usable_isas()), isa) {
  const std::vector<float> x(20, std::nanf(""));
  std::vector<float> y(20);
  for (const std::uint32_t kind :
       {QUIPU_ACT_SILU, QUIPU_ACT_GELU_ERF, QUIPU_ACT_GELU_TANH, QUIPU_ACT_TANH}) {
    row_kernels(isa).activate(kind, x.data(), x.size(), y.data());
    BOOST_TEST(std::all_of(y.begin(), y.end(), [](float v) { return std::isnan(v); }));
  }
}

BOOST_DATA_TEST_CASE(norms_agree_with_doubles,
                     boost::unit_test::data::make(usable_isas()) *
                         boost::unit_test::data::make({1, 7, 16, 40, 896, 2049}),
                     isa, width) {
  const auto x = random_floats(width, 3, 1), gain = random_floats(width, 1, 2),
             bias = random_floats(width, 1, 3);
  double mean = 0, squares = 0, variance = 0;
  for (const float v : x) mean += v / double(width);
  for (const float v : x) squares += double(v) * v / width;
  for (const float v : x) variance += (v - mean) * (v - mean) / width;
  std::vector<float> rms(width), layer(width);

  row_kernels(isa).rms_norm(x.data(), width, 1e-5f, gain.data(), nullptr, rms.data());
  row_kernels(isa).layer_norm(x.data(), width, 1e-5f, gain.data(), bias.data(), layer.data());

  for (int i = 0; i < width; ++i) {
    const double expected_rms = x[i] / std::sqrt(squares + 1e-5) * gain[i];
    const double expected_layer = (x[i] - mean) / std::sqrt(variance + 1e-5) * gain[i] + bias[i];
    // Three roundings of values of about this size.
    BOOST_TEST(std::abs(rms[i] - expected_rms) <= 3e-7 * std::abs(expected_rms));
    BOOST_TEST(std::abs(layer[i] - expected_layer) <= 3e-6);
  }
}

BOOST_DATA_TEST_CASE(results_in_place_are_the_same, boost::unit_test::data::make(usable_isas()),
                     isa) {
  const RowKernels& kernels = row_kernels(isa);
  const auto x = random_floats(100, 2, 4), gain = random_floats(100, 1, 5);
  std::vector<float> apart(100), in_place = x;

  kernels.rms_norm(x.data(), 100, 1e-6f, gain.data(), nullptr, apart.data());
  kernels.rms_norm(in_place.data(), 100, 1e-6f, gain.data(), nullptr, in_place.data());
  BOOST_TEST(apart == in_place, boost::test_tools::per_element());

  in_place = x;
  kernels.rotate_halves(x.data(), gain.data(), gain.data() + 50, 50, apart.data());
  kernels.rotate_halves(in_place.data(), gain.data(), gain.data() + 50, 50, in_place.data());
  BOOST_TEST(apart == in_place, boost::test_tools::per_element());

  in_place = x;
  kernels.rotate_adjacent(x.data(), gain.data(), gain.data() + 50, 50, apart.data());
  kernels.rotate_adjacent(in_place.data(), gain.data(), gain.data() + 50, 50, in_place.data());
  BOOST_TEST(apart == in_place, boost::test_tools::per_element());
}

BOOST_DATA_TEST_CASE(rotations_turn_the_pairs_they_name,
                     boost::unit_test::data::make(usable_isas()), isa) {
  const float x[] = {1, 2, 3, 4}, cosine[] = {0, 0.6f}, sine[] = {1, 0.8f};
  float adjacent[4], halves[4];

  row_kernels(isa).rotate_adjacent(x, cosine, sine, 2, adjacent);
  row_kernels(isa).rotate_halves(x, cosine, sine, 2, halves);

  const float expected_adjacent[] = {-2, 1, 3 * 0.6f - 4 * 0.8f, 3 * 0.8f + 4 * 0.6f};
  const float expected_halves[] = {-3, 2 * 0.6f - 4 * 0.8f, 1, 2 * 0.8f + 4 * 0.6f};
  for (int i = 0; i < 4; ++i) {
    BOOST_TEST(adjacent[i] == expected_adjacent[i]);
    BOOST_TEST(halves[i] == expected_halves[i]);
  }
}

BOOST_DATA_TEST_CASE(clamped_swiglu_is_that_of_its_definition,
                     boost::unit_test::data::make(usable_isas()), isa) {
  const quipu_activation activation{sizeof activation, QUIPU_ACT_SWIGLU_CLAMPED, 1.702f, 7};
  const auto gate = random_floats(300, 6, 6), up = random_floats(300, 6, 7);
  std::vector<float> y(300);

  row_kernels(isa).gated(activation, gate.data(), up.data(), 300, y.data());

  for (std::size_t i = 0; i < 300; ++i) {
    const double g = std::min(gate[i], 7.0f), u = std::clamp(up[i], -7.0f, 7.0f);
    const double expected = g * sigmoid(1.702f * g) * (u + 1);
    // alpha * g may be 40: its rounding counts as in the other gelus.
    BOOST_TEST(std::abs(y[i] - expected) <= 4e-6 * std::abs(expected) + 1e-12);
  }
}

BOOST_DATA_TEST_CASE(softcap_and_clamp_bound_what_they_are_given,
                     boost::unit_test::data::make(usable_isas()), isa) {
  const auto x = random_floats(200, 50, 8);
  std::vector<float> capped(200), clamped(200);

  row_kernels(isa).softcap(x.data(), 30, 200, capped.data());
  row_kernels(isa).clamp(x.data(), -10, 20, 200, clamped.data());

  for (std::size_t i = 0; i < 200; ++i) {
    const double expected = 30 * std::tanh(x[i] / 30.0);
    BOOST_TEST(std::abs(capped[i] - expected) <= float_error * std::abs(expected));
    BOOST_TEST(clamped[i] == std::clamp(x[i], -10.0f, 20.0f));
  }
}
