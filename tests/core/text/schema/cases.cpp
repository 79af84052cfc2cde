// Random schemas and values, judged as Python's jsonschema judges them.
#include "compiled.h"

using namespace quipu::test;
namespace json = boost::json;

// tests/data/text/schema/make_cases.py makes them.
BOOST_AUTO_TEST_CASE(values_are_accepted_when_they_are_valid_and_only_then) {
  std::size_t values = 0;
  for (const json::value& each : data("cases.json")) {
    const std::string schema = json::serialize(each.at("schema"));
    const auto grammar = checks(schema);
    for (const json::value& text : each.at("valid").as_array())
      BOOST_TEST(grammar->accepts(text.as_string()), schema << " refuses " << text);
    for (const json::value& text : each.at("invalid").as_array())
      BOOST_TEST(!grammar->accepts(text.as_string()), schema << " accepts " << text);
    values += each.at("valid").as_array().size() + each.at("invalid").as_array().size();
  }
  BOOST_TEST(values > 1500u);
}
