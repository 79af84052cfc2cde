// Benchmarks beside one another: the arithmetic, and files that are none.
#include <boost/test/unit_test.hpp>

#include "bench/compare.h"

using namespace quipu;
using namespace quipu::app;

namespace {

json::object bench(const char* text) {
  return parse_bench(text, "file.json");
}

std::string refusal(std::string_view text) {
  try {
    parse_bench(text, "file.json");
  } catch (const Error& error) {
    BOOST_TEST((error.code() == ErrorCode::invalid));
    return error.what();
  }
  return "";
}

const Comparison& find(const std::vector<Comparison>& all, const std::string& test) {
  for (const Comparison& each : all)
    if (each.test == test) return each;
  throw std::runtime_error("no " + test);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_ratio_is_this_over_other) {
  const auto ours = bench(R"({"load_seconds": 0.5, "peak_rss_bytes": 300,
      "tests": [{"test": "pp512", "median": 150}, {"test": "tg64", "median": 30.0}]})");
  const auto theirs = bench(R"({"load_seconds": 0.25, "peak_rss_bytes": 400,
      "tests": [{"test": "tg64", "median": 40}, {"test": "pp512", "median": 100}]})");

  const auto all = compare(ours, theirs);

  BOOST_TEST(*find(all, "pp512").ratio() == 1.5);
  BOOST_TEST(*find(all, "tg64").ratio() == 0.75);
  BOOST_TEST(*find(all, "load_seconds").ratio() == 2.0);
  BOOST_TEST(*find(all, "peak_rss_bytes").ratio() == 0.75);
  BOOST_TEST(!find(all, "first_token_seconds").ratio().has_value());
}

BOOST_AUTO_TEST_CASE(a_test_that_only_one_has_is_listed_without_a_ratio) {
  const auto ours = bench(R"({"tests": [{"test": "pp32", "median": 10}]})");
  const auto theirs = bench(R"({"tests": [{"test": "tg64", "median": 20}]})");

  const auto all = compare(ours, theirs);

  BOOST_TEST(*find(all, "pp32").ours == 10);
  BOOST_TEST(!find(all, "pp32").theirs.has_value());
  BOOST_TEST(!find(all, "tg64").ours.has_value());
  BOOST_TEST(*find(all, "tg64").theirs == 20);
  BOOST_TEST(!find(all, "tg64").ratio().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_no_benchmark_is_refused_by_name) {
  const std::string expected = "file.json: expected JSON that quipu bench --json wrote, found ";
  BOOST_TEST(refusal("").starts_with(expected + "no JSON"));
  BOOST_TEST(refusal("{\"tests\": [").starts_with(expected + "no JSON"));
  BOOST_TEST(refusal("[]") == expected + "JSON that is no object");
  BOOST_TEST(refusal("{}") == expected + "no list \"tests\"");
  BOOST_TEST(refusal("{\"tests\": 1}") == expected + "no list \"tests\"");
  for (const char* test : {"1", "{}", R"({"test": 1, "median": 1})", R"({"test": "a"})",
                           R"({"test": "a", "median": "b"})", R"({"test": "a", "median": 0})",
                           R"({"test": "a", "median": -1})"})
    BOOST_TEST(refusal(R"({"tests": [{"test": "pp1", "median": 1}, )" + std::string(test) + "]}") ==
                   expected + "tests[1] without a name or a median",
               test);
}

BOOST_AUTO_TEST_CASE(nested_beyond_measure_is_refused_too) {
  BOOST_TEST(refusal(std::string(100'000, '[')).find("found no JSON") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(lines_have_both_numbers_and_the_ratio) {
  const auto ours = bench(R"({"tests": [{"test": "pp512", "median": 150}]})");
  const auto theirs = bench(R"({"tests": [{"test": "pp512", "median": 100}]})");

  const auto text = lines(compare(ours, theirs));

  BOOST_REQUIRE(text.size() == 5u);
  BOOST_TEST(text.back() == "pp512                             150             100          1.500");
}
