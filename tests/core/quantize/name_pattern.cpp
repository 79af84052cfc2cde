#include <boost/test/unit_test.hpp>

#include "quantize/name_pattern.h"
#include "quipu/error.h"

using quipu::Error;
using quipu::ErrorCode;
using quipu::NamePattern;

BOOST_AUTO_TEST_CASE(patterns_are_found_anywhere_in_a_name) {
  BOOST_TEST(NamePattern("attn_v").found_in("blk.3.attn_v.weight"));
  BOOST_TEST(NamePattern(R"(blk\.[0-4]\.)").found_in("blk.3.attn_v.weight"));
  BOOST_TEST(!NamePattern("^attn_v").found_in("blk.3.attn_v.weight"));
  BOOST_TEST(NamePattern("").found_in("a"));
}

BOOST_AUTO_TEST_CASE(what_is_no_pattern_is_refused_with_the_place) {
  BOOST_CHECK_EXCEPTION(NamePattern("attn_(v"), Error, [](const Error& error) {
    return error.code() == ErrorCode::usage &&
           std::string(error.what()).find("at character 7") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_pattern_that_does_not_end_is_stopped) {
  const NamePattern pattern("(a|aa)+$");
  BOOST_CHECK_EXCEPTION(pattern.found_in(std::string(64, 'a') + "c"), Error,
                        [](const Error& error) { return error.code() == ErrorCode::usage; });
}
