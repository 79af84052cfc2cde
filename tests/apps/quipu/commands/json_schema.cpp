// JSON Schema as users meet it: checks of texts, and answers of a model.
#include <boost/test/unit_test.hpp>

#include <boost/json.hpp>

#include "apps/quipu/program.h"

using quipu::test::Outcome;
using quipu::test::run_program;
using quipu::test::TemporaryFolder;

namespace json = boost::json;

namespace {

// Its weights are random: without a grammar it writes no JSON.
const std::string model = QUIPU_TEST_DATA "/models/qwen2x96-Q4_0.gguf";
const std::string schema =
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"enum":["x","y"]}},
                               "required":["a","b"],"additionalProperties":false})";

int code(const std::string& said, const std::string& text) {
  return run_program({"grammar", "--json-schema", said, "--match", "-"}, text).code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(texts_are_checked_in_any_spelling) {
  const TemporaryFolder folder;
  const std::string file = folder / "schema.json";
  std::ofstream(file) << schema;

  BOOST_TEST(code(schema, "{ \"b\" : \"\\u0078\",\r\n \"a\": 1e1 }\n") == 0);
  BOOST_TEST(code(file, "{\"a\":1,\"b\":\"y\"}") == 0);
  BOOST_TEST(code(schema, "{\"a\":1.5,\"b\":\"x\"}") == 1);
  BOOST_TEST(code(schema, "{\"a\":1}") == 1);
}

BOOST_AUTO_TEST_CASE(schemas_that_are_wrong_unsupported_or_missing_have_codes_of_their_own) {
  const Outcome wrong = run_program({"grammar", "--json-schema", R"({"type":"float"})"});
  BOOST_TEST(wrong.code == 3);
  BOOST_TEST(wrong.err.find("#/type") != std::string::npos);
  const Outcome unsupported = run_program({"grammar", "--json-schema", R"({"uniqueItems":true})"});
  BOOST_TEST(unsupported.code == 4);
  BOOST_TEST(unsupported.err.find("#/uniqueItems") != std::string::npos);
  BOOST_TEST(run_program({"grammar", "--json-schema", R"({"not":{}})"}).code == 3);
  BOOST_TEST(run_program({"grammar", "--json-schema", "/missing"}).code == 5);
  BOOST_TEST(run_program({"grammar"}).code == 2);
  BOOST_TEST(run_program({"grammar", "--json-schema", "{}", "--grammar", "/missing"}).code == 2);
}

BOOST_AUTO_TEST_CASE(an_answer_is_what_the_schema_describes) {
  const Outcome outcome = run_program(
      {"run", model, "--prompt", "a", "-n", "64", "--temp", "0", "--json", "--json-schema",
       R"({"type":"object","properties":{"a":{"type":"integer","minimum":0,"maximum":99},
                                           "b":{"enum":["x","y"]}},"required":["a","b"]})"});

  BOOST_TEST(outcome.code == 0, outcome.err);
  const std::string text(json::parse(outcome.out).at("text").as_string());
  BOOST_TEST(code(schema, text) == 0, text);
}
