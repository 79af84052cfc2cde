// Sets of numbers: how their members are written.
#include "text/schema/numbers.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <random>

#include "quipu/error.h"
#include "text/regular/code_points.h"

using namespace quipu::schema;
using quipu::regular::Automaton;
using quipu::regular::Budget;
using quipu::regular::code_points;

namespace {

Budget& budget() {
  static Budget plenty(std::size_t{1} << 30);
  return plenty;
}

Automaton between(const char* low, const char* high) {
  return quipu::regular::intersection(compared(Relation::at_least, Decimal::of(low), "", budget()),
                                      compared(Relation::at_most, Decimal::of(high), "", budget()),
                                      budget());
}

}  // namespace

BOOST_AUTO_TEST_CASE(decimals_have_one_form) {
  BOOST_TEST(Decimal::of("-12.50").plain() == "-12.5");
  BOOST_TEST(Decimal::of("1.2e3").plain() == "1200");
  BOOST_TEST(Decimal::of("120E-4").plain() == "0.012");
  BOOST_TEST(Decimal::of("-0.000e5").plain() == "0");
  BOOST_TEST((Decimal::of("100") == Decimal::of("1e+02")));
}

// Quarters are exact in binary, so doubles can judge.
BOOST_AUTO_TEST_CASE(bounds_agree_with_arithmetic) {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    const double bound = (static_cast<int>(random() % 8001) - 4000) / 4.0;
    char text[64];
    std::snprintf(text, sizeof text, "%.2f", bound);
    const Decimal decimal = Decimal::of(text);
    const Automaton less = compared(Relation::less, decimal, "", budget());
    const Automaton at_most = compared(Relation::at_most, decimal, "", budget());
    const Automaton equal = compared(Relation::equal, decimal, "", budget());
    for (int i = 0; i < 200; ++i) {
      const double number =
          i < 20 ? bound + (i - 10) / 4.0 : (static_cast<int>(random() % 80001) - 40000) / 4.0;
      std::snprintf(text, sizeof text, i % 2 ? "%.2f" : "%.4f", number);
      BOOST_TEST(less.contains(code_points(text)) == (number < bound), text << " < " << bound);
      BOOST_TEST(at_most.contains(code_points(text)) == (number <= bound), text << " <= " << bound);
      BOOST_TEST(equal.contains(code_points(text)) == (number == bound), text << " == " << bound);
    }
  }
}

BOOST_AUTO_TEST_CASE(multiples_agree_with_arithmetic) {
  for (const int divisor : {1, 2, 3, 7, 10, 48, 125}) {
    const Automaton set = multiples(Decimal::of(std::to_string(divisor)), "", budget());
    for (int number = -300; number <= 300; ++number)
      BOOST_TEST(set.contains(code_points(std::to_string(number))) == (number % divisor == 0),
                 number << " of " << divisor);
  }
  const Automaton set = multiples(Decimal::of("0.75"), "", budget());
  for (int hundredths = 0; hundredths <= 2000; ++hundredths) {
    char text[32];
    std::snprintf(text, sizeof text, "%d.%02d", hundredths / 100, hundredths % 100);
    BOOST_TEST(set.contains(code_points(text)) == (hundredths % 75 == 0), text);
  }
}

// Every way to write a number has the same value.
BOOST_AUTO_TEST_CASE(exponents_move_the_point) {
  std::mt19937 random(5);
  const Automaton sets[] = {between("-2.5", "120"), integers(), between("0.001", "0.25"),
                            multiples(Decimal::of("0.5"), "", budget())};
  for (const Automaton& set : sets) {
    const Automaton written = spellings(set, budget());
    for (int i = 0; i < 3000; ++i) {
      std::string digits = std::to_string(random() % 100000);
      const std::size_t point = random() % (digits.size() + 1);
      std::string mantissa = digits.substr(0, point);
      if (mantissa.empty()) mantissa = "0";
      if (mantissa.size() > 1 && mantissa[0] == '0') mantissa = "1" + mantissa;
      if (point < digits.size()) mantissa += "." + digits.substr(point);
      if (random() % 2) mantissa = std::string("-") + mantissa;
      const int power = static_cast<int>(random() % 19) - 9;
      const std::string text = mantissa + (random() % 2 ? "e" : "E") +
                               (power >= 0 && random() % 2 ? "+" : "") + std::to_string(power);
      BOOST_TEST(written.contains(code_points(text)) ==
                     set.contains(code_points(Decimal::of(text).plain())),
                 text);
    }
  }
}

BOOST_AUTO_TEST_CASE(exponents_have_the_documented_range) {
  const Automaton positive = spellings(compared(Relation::greater, {}, "", budget()), budget());
  for (const char* text : {"1e-20", "1e400", "1.5e308", "1.7976931348623157e+308", "1E00020"})
    BOOST_TEST(positive.contains(code_points(text)), text);
  for (const char* text : {"-1e20", "0e5", "1e", "1e+", "1e401", "1e-21"})
    BOOST_TEST(!positive.contains(code_points(text)), text);
  const Automaton all = spellings(all_numbers(), budget());
  BOOST_TEST(all.contains(code_points("1e-99999")));
}

BOOST_AUTO_TEST_CASE(answers_are_plain) {
  const Automaton whole = answers(integers(), budget());
  for (const char* text : {"0", "-1", "9223372036854775807"})
    BOOST_TEST(whole.contains(code_points(text)), text);
  for (const char* text : {"-0", "1.0", "1e0", "01", "123456789012345678901"})
    BOOST_TEST(!whole.contains(code_points(text)), text);
  // Beyond 20 digits there is no other way.
  const Automaton large = answers(
      quipu::regular::intersection(between("1e30", "2e30"), integers(), budget()), budget());
  BOOST_TEST(large.contains(code_points(Decimal::of("1e30").plain())));
}

BOOST_AUTO_TEST_CASE(numbers_beyond_the_budget_are_refused) {
  const auto unsupported = [](const quipu::Error& error) {
    return error.code() == quipu::ErrorCode::unsupported;
  };
  BOOST_CHECK_EXCEPTION(compared(Relation::less, Decimal::of("1e1001"), "", budget()), quipu::Error,
                        unsupported);
  BOOST_CHECK_EXCEPTION(
      compared(Relation::less, Decimal::of("1e-999999999999999999999"), "", budget()), quipu::Error,
      unsupported);
  BOOST_CHECK_EXCEPTION(multiples(Decimal::of("123457"), "", budget()), quipu::Error, unsupported);
}
