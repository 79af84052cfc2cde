// Schemas that want too much: each is compiled or refused within a second and little memory.
#include <sys/resource.h>

#include <ctime>
#include <functional>

#include "compiled.h"

using namespace quipu::test;
using quipu::Error;
using quipu::ErrorCode;

namespace {

std::string repeated(const std::string& part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

std::string listed(std::size_t count, const std::function<std::string(std::size_t)>& part) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i ? "," : "") + part(i);
  return out;
}

std::string number(std::size_t i) {
  return std::to_string(i);
}

// The schema as a member, `n` levels down.
std::string nested(const std::string& open, const std::string& close, std::size_t n) {
  return repeated(open, n) + "{}" + repeated(close, n);
}

struct Hostile {
  const char* name;
  std::string schema;
};

std::vector<Hostile> schemas() {
  const auto defs = [](std::size_t n, const std::function<std::string(std::size_t)>& body) {
    return "{\"$ref\":\"#/$defs/0\",\"$defs\":{" +
           listed(n, [&](std::size_t i) { return "\"" + number(i) + "\":" + body(i); }) + "}}";
  };
  const auto ref = [](std::size_t i) { return "{\"$ref\":\"#/$defs/" + number(i) + "\"}"; };
  return {
      {"deep nesting", nested("{\"items\":", "}", 100'000)},
      {"nesting at the limit", nested("{\"items\":", "}", 62)},
      {"deep arrays", repeated("[", 100'000)},
      {"100,000 properties",
       "{\"properties\":{" +
           listed(100'000, [](std::size_t i) { return "\"" + number(i) + "\":{}"; }) + "}}"},
      {"as many properties as fit",
       "{\"properties\":{" +
           listed(18'000, [](std::size_t i) { return "\"p" + number(i) + "\":true"; }) + "}}"},
      {"as many required as fit",
       "{\"required\":[" + listed(20'000, [](std::size_t i) { return "\"p" + number(i) + "\""; }) +
           "]}"},
      {"long names", "{\"properties\":{" +
                         listed(25,
                                [](std::size_t i) {
                                  return "\"" + number(i) + repeated("x", 10'000) + "\":true";
                                }) +
                         "}}"},
      {"20 times 2 alternatives of members", "{\"type\":\"object\",\"allOf\":[" +
                                                 listed(20,
                                                        [](std::size_t i) {
                                                          return "{\"anyOf\":[{\"required\":[\"a" +
                                                                 number(i) +
                                                                 "\"]},{\"required\":[\"b" +
                                                                 number(i) + "\"]}]}";
                                                        }) +
                                                 "]}"},
      {"doubling references", defs(60,
                                   [&](std::size_t i) {
                                     return i == 59 ? "{\"type\":\"null\"}"
                                                    : "{\"anyOf\":[" + ref(i + 1) + "," +
                                                          ref(i + 1) + "]}";
                                   })},
      {"doubling arrays", defs(60,
                               [&](std::size_t i) {
                                 return i == 59 ? "{\"type\":\"null\"}"
                                                : "{\"prefixItems\":[" + ref(i + 1) + "," +
                                                      ref(i + 1) + "]}";
                               })},
      {"doubling oneOf", defs(40,
                              [&](std::size_t i) {
                                return i == 39 ? "{\"type\":\"null\"}"
                                               : "{\"oneOf\":[" + ref(i + 1) +
                                                     ",{\"not\":" + ref(i + 1) + "}]}";
                              })},
      {"chain of references",
       defs(8'000, [&](std::size_t i) { return i == 7'999 ? "{}" : ref(i + 1); })},
      {"chain of allOf",
       defs(6'000,
            [&](std::size_t i) { return i == 5'999 ? "{}" : "{\"allOf\":[" + ref(i + 1) + "]}"; })},
      {"chain of members", defs(4'300,
                                [&](std::size_t i) {
                                  return i == 4'299
                                             ? "{\"type\":\"null\"}"
                                             : "{\"items\":" + ref(i + 1) + ",\"minItems\":1}";
                                })},
      {"members of members of members",
       defs(300,
            [&](std::size_t i) {
              return "{\"properties\":{" +
                     listed(12,
                            [&](std::size_t k) {
                              return "\"" + number(k) + "\":" + ref((i * 7 + k) % 300);
                            }) +
                     "}}";
            })},
      {"reference to itself", R"({"$ref":"#"})"},
      {"reference in a circle",
       R"({"$ref":"#/$defs/a","$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}})"},
      {"reference beside itself", R"({"a":1,"properties":{"x":{"$ref":"#/properties/x"}}})"},
      {"huge maxLength", R"({"type":"string","minLength":1,"maxLength":4000000000})"},
      {"huge minItems", R"({"type":"array","minItems":1000000000})"},
      {"beyond counters", R"({"type":"array","minItems":100000000000000000000})"},
      {"huge lengths of a pattern",
       R"({"type":"string","pattern":"^(ab|c)*$","minLength":1000000})"},
      {"huge lengths of a set",
       R"({"type":"string","pattern":"^[a-z]+$","minLength":1000000,"maxLength":2000000})"},
      {"huge contains",
       R"({"type":"array","contains":{"const":1},"minContains":1000000,"maxItems":10000000})"},
      {"many contains",
       "{\"type\":\"array\",\"allOf\":[" +
           listed(20,
                  [](std::size_t i) { return "{\"contains\":{\"const\":" + number(i) + "}}"; }) +
           "]}"},
      {"catastrophic pattern", R"({"type":"string","pattern":"((a*)*)*b(x+x+)+y"})"},
      {"exponential pattern", R"({"type":"string","pattern":"(a|b)*a(a|b){30}"})"},
      {"nothing to repeat", R"({"type":"string","pattern":"^+"})"},
      {"deep parentheses", "{\"type\":\"string\",\"pattern\":\"" + repeated("(", 100'000) + "\"}"},
      {"deep parentheses, closed", "{\"type\":\"string\",\"pattern\":\"" + repeated("(", 50'000) +
                                       repeated(")", 50'000) + "\"}"},
      {"many patterns",
       "{\"patternProperties\":{" +
           listed(400,
                  [](std::size_t i) { return "\"" + number(i) + ".*x\":{\"type\":\"null\"}"; }) +
           "}}"},
      {"many alternatives of texts",
       "{\"anyOf\":[" +
           listed(3'000, [](std::size_t i) { return "{\"pattern\":\"a{" + number(i) + "}b\"}"; }) +
           "]}"},
      {"oneOf of many patterns", "{\"oneOf\":[" +
                                     listed(100,
                                            [](std::size_t i) {
                                              return "{\"type\":\"string\",\"pattern\":\"" +
                                                     number(i) + "\"}";
                                            }) +
                                     "]}"},
      {"oneOf of many objects", "{\"oneOf\":[" +
                                    listed(200,
                                           [](std::size_t i) {
                                             return "{\"type\":\"object\",\"required\":[\"a" +
                                                    number(i) + "\"]}";
                                           }) +
                                    "]}"},
      {"oneOf of many kinds", "{\"oneOf\":[" +
                                  listed(120,
                                         [](std::size_t i) {
                                           return "{\"type\":\"object\",\"required\":[\"k\"],"
                                                  "\"properties\":{\"k\":{\"const\":" +
                                                  number(i) + "}}}";
                                         }) +
                                  "]}"},
      {"long enum",
       "{\"enum\":[" +
           listed(13'000, [](std::size_t i) { return "\"text " + number(i * 7919) + "\""; }) +
           "]}"},
      {"long enum of numbers",
       "{\"enum\":[" + listed(20'000, [](std::size_t i) { return number(i * 7919); }) + "]}"},
      {"long enum of objects",
       "{\"enum\":[" + listed(3'000, [](std::size_t i) { return "{\"a\":" + number(i) + "}"; }) +
           "]}"},
      {"not a long enum of objects",
       "{\"not\":{\"enum\":[" +
           listed(3'000, [](std::size_t i) { return "{\"a\":" + number(i) + "}"; }) + "]}}"},
      {"long tuple",
       "{\"prefixItems\":[" + listed(20'000, [](std::size_t) { return std::string("{}"); }) + "]}"},
      {"long constant",
       "{\"const\":[" + listed(50'000, [](std::size_t) { return std::string("1"); }) + "]}"},
      {"many bounds", "{\"prefixItems\":[" +
                          listed(2'000,
                                 [](std::size_t i) {
                                   return "{\"type\":\"number\",\"minimum\":" + number(i * 31) +
                                          ".5}";
                                 }) +
                          "]}"},
      {"a long bound", "{\"minimum\":" + repeated("9", 200'000) + "}"},
      {"a large exponent", R"({"minimum":1e999999999})"},
      {"a fine divisor", R"({"multipleOf":1e-399})"},
      {"many hosts", "{\"prefixItems\":[" +
                         listed(3'000,
                                [](std::size_t) {
                                  return std::string("{\"type\":\"string\",\"format\":\"iri\"}");
                                }) +
                         "]}"},
      {"invalid UTF-8", "{\"const\":\"\xff\xfe\"}"},
      {"a lone surrogate", R"({"const":"\ud800"})"},
      {"NUL", std::string("{\"const\":\"a\0b\"}", 15)},
      {"one byte too many", "{\"title\":\"" + repeated("x", 256 * 1024) + "\"}"},
  };
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_hostile_schema_has_a_verdict_within_a_second) {
  for (const Hostile& each : schemas())
    for (const bool checking : {false, true}) {
      const std::clock_t used = std::clock();
      std::string verdict = "compiled";

      try {
        checking ? checks(each.schema) : answers(each.schema);
      } catch (const Error& error) {
        verdict = error.what();
        BOOST_TEST((error.code() == ErrorCode::invalid || error.code() == ErrorCode::unsupported));
      }

      // Of the processor: the machine may be doing other things as well.
      const double seconds = static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC;
      BOOST_TEST_MESSAGE(each.name << ": " << seconds << " s: " << verdict.substr(0, 160));
      BOOST_TEST(seconds < 1.0, each.name << ": " << seconds << " s");
    }
  BOOST_TEST(peak_kib() < 512 * 1024);
}

BOOST_AUTO_TEST_CASE(limits_are_named) {
  refused("{\"title\":\"" + repeated("x", 256 * 1024) + "\"}", ErrorCode::invalid, "262144 bytes");
  refused(nested("{\"items\":", "}", 64), ErrorCode::invalid, "64 deep");
  refused(R"({"$ref":"#"})", ErrorCode::invalid, "itself");
  refused("{\"const\":\"\xff\"}", ErrorCode::invalid, "JSON");
}

BOOST_AUTO_TEST_CASE(large_schemas_that_are_not_hostile_compile) {
  const auto members = checks(
      "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" +
      listed(2'000,
             [](std::size_t i) { return "\"member" + number(i) + "\":{\"type\":\"integer\"}"; }) +
      "}}");
  BOOST_TEST(members->accepts("{\"member1999\":1,\"member0\":2}"));
  BOOST_TEST(!members->accepts("{\"member2000\":1}"));

  const auto words =
      checks("{\"enum\":[" +
             listed(5'000, [](std::size_t i) { return "\"word" + number(i) + "\""; }) + "]}");
  BOOST_TEST(words->accepts("\"word4999\""));
  BOOST_TEST(!words->accepts("\"word5000\""));

  const auto tools =
      answers("{\"oneOf\":[" +
              listed(64,
                     [](std::size_t i) {
                       return "{\"type\":\"object\",\"properties\":{\"name\":{\"const\":\"tool" +
                              number(i) +
                              "\"},\"arguments\":{\"type\":\"object\",\"properties\":{\"x\":{"
                              "\"type\":\"string\"},\"y\":{\"type\":\"integer\"}},"
                              "\"required\":[\"x\"],\"additionalProperties\":false}},\"required\":["
                              "\"name\",\"arguments\"],\"additionalProperties\":false}";
                     }) +
              "]}");
  BOOST_TEST(tools->accepts("{\"name\": \"tool63\", \"arguments\": {\"x\": \"a\"}}"));
  BOOST_TEST(!tools->accepts("{\"name\": \"tool64\", \"arguments\": {\"x\": \"a\"}}"));
}
