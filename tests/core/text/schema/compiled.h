// What the tests of schemas share.
#pragma once

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>
#include <string>

#include "quipu/error.h"
#include "quipu/grammar.h"

namespace quipu::test {

inline constexpr SchemaOptions any_spelling{SchemaOptions::Layout::any, SchemaOptions::Order::any};

inline std::shared_ptr<const Grammar> checks(const std::string& schema) {
  return Grammar::from_json_schema(schema, any_spelling);
}

inline std::shared_ptr<const Grammar> answers(const std::string& schema) {
  return Grammar::from_json_schema(schema);
}

inline bool valid(const std::string& schema, const std::string& value) {
  return checks(schema)->accepts(value);
}

inline void refused(const std::string& schema, ErrorCode code, const std::string& part) {
  BOOST_CHECK_EXCEPTION(checks(schema), Error, [&](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == code && std::string(error.what()).find(part) != std::string::npos;
  });
}

/// tests/data/text/schema/NAME.
inline boost::json::array data(const std::string& name) {
  std::ifstream file(QUIPU_TEST_DATA "/text/schema/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_array();
}

}  // namespace quipu::test
