// quipu embed, as scripts use it.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <sstream>

#include "../program.h"

using quipu::test::run_program;

namespace {

const std::string models = QUIPU_TEST_DATA "/models/";

std::vector<double> numbers(const std::string& line) {
  std::istringstream in(line);
  std::vector<double> out;
  for (double x = 0; in >> x;) out.push_back(x);
  return out;
}

double length(const std::vector<double>& vector) {
  double squares = 0;
  for (const double x : vector) squares += x * x;
  return std::sqrt(squares);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_becomes_a_vector_of_length_one) {
  for (const char* const model : {"bert.gguf", "nomic-bert.gguf", "qwen.gguf"}) {
    const auto outcome = run_program({"embed", models + model, "--tokens", "5,6,7"});

    BOOST_TEST(outcome.code == 0, outcome.err);
    const auto vector = numbers(outcome.out);
    BOOST_TEST(vector.size() == 32u);
    BOOST_TEST(std::abs(length(vector) - 1) < 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(every_line_of_stdin_is_a_text) {
  const auto outcome =
      run_program({"embed", models + "qwen.gguf", "--json", "--no-normalize"}, "A B\nC\nA B\n");

  BOOST_TEST(outcome.code == 0, outcome.err);
  const auto document = boost::json::parse(outcome.out);
  const auto& data = document.at("data").as_array();
  BOOST_TEST(document.at("pooling") == "last");
  BOOST_REQUIRE(data.size() == 3u);
  BOOST_TEST(data[0].at("embedding") == data[2].at("embedding"));
  BOOST_TEST(data[0].at("embedding") != data[1].at("embedding"));
}

BOOST_AUTO_TEST_CASE(pooling_is_what_the_model_says_unless_asked_for) {
  const std::string model = models + "bert.gguf";
  const auto of = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"embed", model, "--tokens", "5,6,7"});
    return run_program(more).out;
  };

  BOOST_TEST(of({}) == of({"--pooling", "cls"}));
  BOOST_TEST(of({}) != of({"--pooling", "mean"}));
  const std::string rows = of({"--pooling", "none"});
  BOOST_TEST(std::count(rows.begin(), rows.end(), '\n') == 3);
  BOOST_TEST(rows.starts_with(of({})));
  BOOST_TEST(rows.ends_with(of({"--pooling", "last"})));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_said) {
  const auto code = [](std::vector<std::string> words) { return run_program(words).code; };

  BOOST_TEST(code({"embed", models + "bert.gguf", "--pooling", "sum"}) == 2);
  BOOST_TEST(code({"embed", models + "bert.gguf", "--tokens", "64"}) == 2);
  BOOST_TEST(code({"embed", models + "bert.gguf", "--text", std::string(200, 'A')}) == 2);
  BOOST_TEST(code({"run", models + "bert.gguf", "--prompt", "A"}) == 4);
}
