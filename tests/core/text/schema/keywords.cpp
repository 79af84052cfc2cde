// Keyword by keyword: what the draft says is valid, and nothing else.
#include "compiled.h"

using namespace quipu::test;
using quipu::ErrorCode;

namespace {

struct Table {
  const char* schema;
  std::vector<const char*> valid, invalid;
};

void check(const std::vector<Table>& tables) {
  for (const Table& table : tables) {
    const auto grammar = checks(table.schema);
    for (const char* value : table.valid)
      BOOST_TEST(grammar->accepts(value), table.schema << " refuses " << value);
    for (const char* value : table.invalid)
      BOOST_TEST(!grammar->accepts(value), table.schema << " accepts " << value);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(types_and_boolean_schemas) {
  check({
      {"true", {"null", "1", "\"a\"", "[]", "{\"a\":{}}"}, {"", "nul", "[", "1 2"}},
      {"{}", {"null", "-0.5e+10", "[[[]]]"}, {"01", "+1", "'a'", "{a:1}", "[1,]"}},
      {R"({"type":"integer"})",
       {"0", "-7", "1.0", "1e2", "1.5e1"},
       {"1.5", "\"1\"", "true", "1e-1"}},
      {R"({"type":"number"})", {"0", "1.5", "-1e400", "1E-7"}, {"\"1\"", "null", ".5", "1."}},
      {R"({"type":["string","null"]})", {"null", "\"\""}, {"0", "[]"}},
      {R"({"type":"boolean"})", {"true", "false"}, {"0", "null", "True"}},
      {R"({"type":"array"})", {"[]", "[1,[2]]"}, {"{}", "\"\""}},
      {R"({"type":"object"})", {"{}", "{\"a\":1}"}, {"[]", "null"}},
  });
}

BOOST_AUTO_TEST_CASE(enumerations_equal_values_and_not_spellings) {
  check({
      {R"({"enum":[1,"a",null,[1,2],{"x":1,"y":[true]}]})",
       {"1", "1.0", "10e-1", "\"a\"", "\"\\u0061\"", "null", "[1, 2.0]", "{\"y\":[true],\"x\":1}"},
       {"2", "\"b\"", "false", "[2,1]", "[1]", "{\"x\":1}", "{\"x\":1,\"y\":[true],\"z\":0}"}},
      {R"({"const":-0.25})", {"-0.25", "-0.250", "-25e-2"}, {"0.25", "-0.26", "-0.2501"}},
      {R"({"const":0})", {"0", "-0", "0.0", "0e9"}, {"0.1", "false", "\"\""}},
      {R"({"const":{}})", {"{}", "{ }"}, {"{\"a\":1}", "[]"}},
      {R"({"const":"\u00e9\ud83d\ude00\""})",
       {"\"é😀\\\"\"", "\"\\u00E9\\uD83D\\ude00\\u0022\""},
       {"\"e😀\\\"\"", "\"é\""}},
  });
}

BOOST_AUTO_TEST_CASE(bounds_of_numbers_are_exact) {
  check({
      {R"({"minimum":0.1,"maximum":0.3})",
       {"0.1", "0.3", "0.10", "3e-1", "\"no number\""},
       {"0.09999999999999999999999", "0.30000000000000000000001", "0", "31e-2"}},
      {R"({"exclusiveMinimum":-1,"exclusiveMaximum":1})",
       {"0", "-0.999", "0.999", "-0"},
       {"1", "-1", "1.0", "10e-1", "-1.000"}},
      {R"({"minimum":12345678901234567890123})",
       {"12345678901234567890123", "1e23"},
       {"12345678901234567890122", "1e22", "-1e23"}},
      {R"({"multipleOf":0.01})", {"4.35", "0.07", "1", "1.10", "0"}, {"4.351", "0.001"}},
      {R"({"multipleOf":7,"minimum":-14})", {"-14", "0", "7", "700", "2.1e1"}, {"-21", "6", "7.5"}},
      {R"({"type":"integer","multipleOf":2.5})", {"5", "-10", "0"}, {"2.5", "2", "7"}},
  });
}

BOOST_AUTO_TEST_CASE(lengths_count_code_points) {
  check({
      {R"({"minLength":2,"maxLength":3})",
       {"\"ab\"", "\"é😀\"", "\"\\ud83d\\ude00\\n\\u0041\"", "7"},
       {"\"a\"", "\"😀\"", "\"abcd\"", "\"\\ud83d\\ude00\""}},
      {R"({"maxLength":0})", {"\"\""}, {"\"a\""}},
      {R"({"type":"string","minLength":2,"pattern":"^a+$","maxLength":4})",
       {"\"aa\"", "\"aaaa\""},
       {"\"a\"", "\"aaaaa\"", "\"ab\""}},
      {R"({"type":"string","pattern":"^(ab)+$","minLength":3,"maxLength":5})",
       {"\"abab\""},
       {"\"ab\"", "\"ababab\""}},
      {R"({"type":"string"})",
       {"\"\\/\\b\\f\\u0000\""},
       {"\"\n\"", "\"\\x\"", "\"\\ud800\"", "\"\xff\""}},
  });
}

BOOST_AUTO_TEST_CASE(arrays) {
  check({
      {R"({"items":{"type":"integer"},"minItems":1,"maxItems":3})",
       {"[1]", "[1,2,3]", "{}"},
       {"[]", "[1,2,3,4]", "[\"a\"]"}},
      {R"({"prefixItems":[{"type":"integer"},{"type":"string"}],"items":false})",
       {"[]", "[1]", "[1,\"a\"]"},
       {"[\"a\"]", "[1,\"a\",null]"}},
      {R"({"prefixItems":[{"type":"integer"}],"items":{"type":"null"},"minItems":2})",
       {"[1,null]", "[1,null,null]"},
       {"[1]", "[1,1]"}},
      {R"({"contains":{"const":1},"minContains":2,"maxContains":3})",
       {"[1,1]", "[0,1,0,1,0,1]"},
       {"[]", "[1]", "[1,1,1,1]"}},
      {R"({"contains":{"const":1},"minContains":0})", {"[]", "[2]"}, {}},
      {R"({"contains":{"type":"string"},"minItems":2,"maxItems":3,"prefixItems":[{"type":"integer"}]})",
       {"[1,\"a\"]", "[1,2,\"a\"]"},
       {"[1]", "[1,2]", "[\"a\",\"b\"]", "[1,2,3,\"a\"]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
  });
}

BOOST_AUTO_TEST_CASE(objects) {
  check({
      {R"({"properties":{"a":{"type":"integer"}},"required":["b"]})",
       {"{\"b\":1}", "{\"c\":[],\"b\":1,\"a\":2}"},
       {"{}", "{\"a\":1}", "{\"a\":\"\",\"b\":1}"}},
      {R"({"properties":{"a":true},"additionalProperties":false})",
       {"{}", "{\"a\":1}", "{\"\\u0061\":1}"},
       {"{\"b\":1}", "{\"a\":1,\"b\":1}", "{\"a\":1,\"a\":1}"}},
      {R"({"patternProperties":{"^x":{"type":"integer"},"y$":{"minimum":5}},"additionalProperties":{"type":"null"}})",
       {"{\"x\":1}", "{\"xy\":5}", "{\"z\":null}", "{\"ay\":7.5}"},
       {"{\"xy\":4}", "{\"xy\":5.5}", "{\"z\":1}", "{\"y\":1}"}},
      {R"({"propertyNames":{"maxLength":2},"minProperties":1,"maxProperties":2})",
       {"{\"ab\":1}", "{\"a\":1,\"b\":2}"},
       {"{}", "{\"abc\":1}", "{\"a\":1,\"b\":2,\"c\":3}"}},
      {R"({"dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"required":["d"]}}})",
       {"{}", "{\"a\":1,\"b\":1}", "{\"c\":1,\"d\":1}", "{\"d\":1}"},
       {"{\"a\":1}", "{\"c\":1,\"b\":1}"}},
      {R"({"properties":{"a":false},"required":[]})", {"{}", "{\"b\":1}"}, {"{\"a\":1}"}},
  });
}

BOOST_AUTO_TEST_CASE(combinations_are_exact) {
  check({
      {R"({"allOf":[{"minimum":1},{"maximum":3}],"multipleOf":2})", {"2"}, {"1", "4"}},
      {R"({"anyOf":[{"type":"string","minLength":2},{"type":"integer"}],"enum":["a","ab",1,2.5]})",
       {"\"ab\"", "1"},
       {"\"a\"", "2.5"}},
      {R"({"oneOf":[{"multipleOf":3},{"multipleOf":5}],"type":"integer"})",
       {"3", "5", "9"},
       {"15", "0", "2"}},
      {R"({"oneOf":[{"required":["a"]},{"required":["b"]}],"type":"object"})",
       {"{\"a\":1}", "{\"b\":1,\"c\":1}"},
       {"{}", "{\"a\":1,\"b\":1}"}},
      {R"({"oneOf":[{"pattern":"a"},{"pattern":"b"}],"type":"string"})",
       {"\"a\"", "\"xb\""},
       {"\"ab\"", "\"\""}},
      {R"({"not":{"type":["integer","string"]}})", {"null", "1.5", "[]"}, {"1", "\"\"", "2.0"}},
      {R"({"not":{"properties":{"a":{"const":1}},"required":["a"]}})",
       {"{}", "{\"a\":2}"},
       {"{\"a\":1}", "{\"a\":1.0,\"b\":2}", "1"}},
      {R"({"not":{"items":{"type":"null"}}})",
       {"[1]", "[null,0]", "[null,null,\"\"]"},
       {"[]", "[null]", "1"}},
      {R"({"not":{"enum":[[],{"a":1}]}})",
       {"[1]", "{}", "{\"a\":2}", "{\"a\":1,\"b\":1}"},
       {"[]", "{\"a\":1}"}},
      {R"({"if":{"properties":{"k":{"const":"x"}},"required":["k"]},"then":{"required":["n"]},"else":{"maxProperties":1}})",
       {"{\"k\":\"x\",\"n\":1}", "{\"k\":\"y\"}", "{}"},
       {"{\"k\":\"x\"}", "{\"k\":\"y\",\"n\":1}"}},
      {R"({"type":"object","not":{"properties":{"a":true},"additionalProperties":false}})",
       {"{\"b\":1}", "{\"a\":1,\"b\":1}"},
       {"{}", "{\"a\":1}"}},
  });
}

BOOST_AUTO_TEST_CASE(references_go_to_pointers_anchors_and_identifiers_of_the_document) {
  check({
      {R"({"$defs":{"a":{"type":"integer"}},"$ref":"#/$defs/a","minimum":3})",
       {"3"},
       {"2", "\"a\""}},
      {R"({"$defs":{"a/b~c":{"const":1},"q%":{"const":2}},"anyOf":[{"$ref":"#/$defs/a~1b~0c"},{"$ref":"#/$defs/q%25"}]})",
       {"1", "2"},
       {"3"}},
      {R"({"$defs":{"a":{"$anchor":"here","const":1}},"$ref":"#here"})", {"1"}, {"2"}},
      {R"({"$id":"http://x.org/root.json","$defs":{"a":{"$id":"sub/other.json","const":1,"$defs":{"b":{"const":2}}}},
           "anyOf":[{"$ref":"sub/other.json"},{"$ref":"http://x.org/sub/other.json#/$defs/b"}]})",
       {"1", "2"},
       {"3"}},
      {R"({"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false})",
       {"{}", "{\"next\":{\"next\":{}}}"},
       {"{\"next\":1}", "{\"next\":{\"x\":{}}}"}},
      {R"({"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#"}}]})",
       {"null", "[[null],[]]"},
       {"[1]", "[[[0]]]"}},
  });
  refused(R"({"$ref":"http://x.org/remote"})", ErrorCode::unsupported, "#/$ref");
  refused(R"({"$ref":"#/$defs/missing"})", ErrorCode::invalid, "place in this document");
  refused(R"({"$ref":"#missing"})", ErrorCode::invalid, "anchor");
}

BOOST_AUTO_TEST_CASE(annotations_say_nothing_about_validity) {
  check({{R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$comment":"c","title":"t",
              "description":"d","default":"x","examples":["y"],"deprecated":true,"readOnly":true,
              "writeOnly":false,"contentEncoding":"base64","contentMediaType":"text/plain",
              "format":"nothing that is known","x-order":3,"type":"integer"})",
          {"1"},
          {"\"x\""}}});
}

BOOST_AUTO_TEST_CASE(keywords_that_cannot_be_said_are_named_with_their_place) {
  const auto unsupported = [](const std::string& schema, const std::string& part) {
    refused(schema, ErrorCode::unsupported, part);
  };
  unsupported(R"({"properties":{"a":{"uniqueItems":true}}})", "#/properties/a/uniqueItems");
  unsupported(R"({"$dynamicRef":"#a"})", "#/$dynamicRef");
  unsupported(R"({"allOf":[{}],"unevaluatedProperties":false})", "#/unevaluatedProperties");
  unsupported(R"({"items":{"anyOf":[{}],"unevaluatedItems":false}})", "#/items/unevaluatedItems");
  unsupported(R"({"minimun":1})", "#/minimun");
  unsupported(R"({"nullable":true})", "#/nullable");
  unsupported(R"({"dependencies":{}})", "#/dependencies");
  unsupported(R"x({"type":"string","pattern":"(?=a)"})x", "#/pattern");
  unsupported(R"({"type":"string","format":"regex"})", "#/format");
  unsupported(R"({"type":"number","multipleOf":0.123456789})", "#/multipleOf");
  unsupported(R"({"not":{"additionalProperties":{"type":"null"}}})", "#/not/additionalProperties");
  unsupported(R"({"$schema":"http://x.org/mine"})", "#/$schema");
  unsupported(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/a","minimum":1,"definitions":{"a":{}}})",
      "#/$ref");
}

BOOST_AUTO_TEST_CASE(what_is_no_schema_is_refused_with_its_place) {
  const auto invalid = [](const std::string& schema, const std::string& part) {
    refused(schema, ErrorCode::invalid, part);
  };
  invalid("", "JSON");
  invalid("{", "JSON");
  invalid("{} {}", "JSON");
  invalid(R"({"a":1,"a":2})", "each key once");
  invalid("\"text\"", "expected a schema");
  invalid(R"({"properties":{"a":3}})", "#/properties/a");
  invalid(R"({"type":"float"})", "#/type");
  invalid(R"({"type":3})", "#/type");
  invalid(R"({"minLength":-1})", "#/minLength");
  invalid(R"({"maxItems":1.5})", "#/maxItems");
  invalid(R"({"multipleOf":0})", "#/multipleOf");
  invalid(R"({"required":"a"})", "#/required");
  invalid(R"({"anyOf":[]})", "#/anyOf");
  invalid(R"({"items":[{}]})", "#/items");
  invalid(R"({"pattern":"("})", "#/pattern");
  invalid(R"({"patternProperties":{"(":{}}})", "#/patternProperties/(");
}

BOOST_AUTO_TEST_CASE(a_schema_that_nothing_satisfies_is_refused) {
  for (const char* schema :
       {"false", R"({"enum":[]})", R"({"type":"integer","minimum":1,"maximum":0})",
        R"({"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":1})",
        R"({"type":"object","required":["a"],"properties":{"a":false}})",
        R"({"type":"string","pattern":"^a$","minLength":2})",
        R"({"type":"array","items":{"$ref":"#"},"minItems":1})", R"({"not":{}})",
        R"({"allOf":[{"type":"string"},{"type":"null"}]})",
        R"({"type":"object","maxProperties":0,"minProperties":1})"})
    refused(schema, ErrorCode::invalid, "satisfies");
}

// A member that nothing satisfies is left out rather than begun.
BOOST_AUTO_TEST_CASE(parts_that_nothing_satisfies_are_never_begun) {
  const auto grammar = answers(
      R"({"type":"object","properties":{"a":{"type":"array","items":false,"minItems":1},"ab":true,
          "b":{"type":"array","items":{"$ref":"#/properties/b"},"minItems":1}},"required":["ab"]})");

  BOOST_TEST(grammar->accepts("{\"ab\":1}"));
  BOOST_TEST(grammar->match("{\"a\"").bytes == 3u);
  BOOST_TEST(grammar->match("{\"b").bytes == 2u);
}

BOOST_AUTO_TEST_CASE(answers_have_members_as_listed_and_little_white_space) {
  const auto grammar = answers(R"({"type":"object","properties":{"b":{"type":"integer"},
      "a":{"type":"array","items":{"type":"boolean"}}},"required":["b"]})");

  for (const char* text : {"{\"b\":1}", "{\"b\": 1, \"a\": [true, false]}", "{ \"b\":1}",
                           "{\n  \"b\": 1,\n  \"a\": [\n    true\n  ]\n}"})
    BOOST_TEST(grammar->accepts(text), text);
  for (const char* text : {"{\"a\":[],\"b\":1}", "{\"b\":1,\"c\":1}", "{\"b\" :1}",
                           "{\"b\":1 ,\"a\":[]}", " {\"b\":1}", "{\"b\":1.0}", "{\"b\":1e0}",
                           "{\"b\":-0}", "{\"\\u0062\":1}", "{\t\"b\":1}", "{\"b\":1}\n"})
    BOOST_TEST(!grammar->accepts(text), text);
}

BOOST_AUTO_TEST_CASE(answers_have_other_members_only_where_the_schema_speaks_of_them) {
  BOOST_TEST(!answers(R"({"properties":{"a":true}})")->accepts("{\"z\":1}"));
  BOOST_TEST(answers(R"({"type":"object"})")->accepts("{\"z\":1}"));
  BOOST_TEST(
      answers(R"({"properties":{"a":true},"additionalProperties":true})")->accepts("{\"z\":1}"));
  BOOST_TEST(!answers(R"({"properties":{"a":{"const":1}},"additionalProperties":true})")
                  ->accepts("{\"a\":2}"));
  BOOST_TEST(answers(R"({"properties":{"a":true},"required":["z"]})")->accepts("{\"z\":1}"));
  BOOST_TEST(
      answers(R"({"properties":{"a":true},"minProperties":2})")->accepts("{\"a\":1,\"z\":1}"));
}

BOOST_AUTO_TEST_CASE(answers_escape_only_what_must_be) {
  const auto grammar = answers(R"({"type":"string"})");

  for (const char* text : {"\"é\"", "\"\\n\"", "\"\\\"\\\\\"", "\"\\u0000\"", "\"/\""})
    BOOST_TEST(grammar->accepts(text), text);
  for (const char* text : {"\"\\u00e9\"", "\"\\u000a\"", "\"\\/\"", "\"\\u001F\""})
    BOOST_TEST(!grammar->accepts(text), text);
}

BOOST_AUTO_TEST_CASE(answers_have_as_many_different_members_as_must_be) {
  const auto grammar =
      answers(R"({"type":"object","additionalProperties":{"type":"integer"},"minProperties":2})");

  BOOST_TEST(grammar->accepts("{\"a\":1,\"bb\":2}"));
  BOOST_TEST(!grammar->accepts("{\"a\":1,\"a\":2}"));
  BOOST_TEST(!grammar->accepts("{\"a\":1}"));
}
