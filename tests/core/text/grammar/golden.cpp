// Grammars against Python: regular ones against its re, json.gbnf against its json. make.py beside
// the data writes them.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "quipu/grammar.h"

namespace json = boost::json;
using quipu::Grammar;

namespace {

std::string contents(const std::string& name) {
  std::ifstream file(std::filesystem::path(QUIPU_TEST_DATA "/text/grammar") / name,
                     std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file, "no " << name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void check(const Grammar& grammar, const json::value& texts, const std::string& name) {
  for (const auto& text : texts.at("accepted").as_array())
    BOOST_TEST(grammar.accepts(text.as_string()), name << " does not accept " << text);
  for (const auto& text : texts.at("rejected").as_array())
    BOOST_TEST(!grammar.accepts(text.as_string()), name << " accepts " << text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(regular_grammars_describe_what_python_matches) {
  const auto cases = json::parse(contents("regular.json"));

  for (const auto& sample : cases.as_array()) {
    const std::string gbnf(sample.at("gbnf").as_string());
    check(*Grammar::from_gbnf(gbnf), sample, gbnf);
  }
}

BOOST_AUTO_TEST_CASE(the_grammar_of_json_describes_what_python_reads) {
  const auto grammar = Grammar::from_gbnf(contents("json.gbnf"));

  check(*grammar, json::parse(contents("json_texts.json")), "json.gbnf");
}
