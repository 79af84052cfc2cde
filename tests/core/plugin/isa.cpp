// The instruction-set level that plugins are told, and how QUIPU_ISA lowers it.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "fixtures.h"
#include "quipu/error.h"
#include "quipu/registry.h"

using fixtures::CleanEnvironment;
using quipu::Registry;

namespace {

std::uint32_t isa_when(const char* value) {
  ::setenv("QUIPU_ISA", value, 1);
  const std::uint32_t isa = Registry::isa();
  ::unsetenv("QUIPU_ISA");
  return isa;
}

bool is_usage(const quipu::Error& error) {
  ::unsetenv("QUIPU_ISA");
  return error.code() == quipu::ErrorCode::usage;
}

}  // namespace

BOOST_GLOBAL_FIXTURE(CleanEnvironment);

BOOST_AUTO_TEST_CASE(scalar_is_always_to_be_had) {
  BOOST_TEST(isa_when("scalar") == std::uint32_t{QUIPU_ISA_SCALAR});
}

BOOST_AUTO_TEST_CASE(an_empty_value_changes_nothing) {
  BOOST_TEST(isa_when("") == Registry::isa());
}

BOOST_AUTO_TEST_CASE(an_unknown_level_is_a_usage_error) {
  BOOST_CHECK_EXCEPTION(isa_when("avx1024"), quipu::Error, is_usage);
}

#if defined(__x86_64__)

BOOST_AUTO_TEST_CASE(no_level_is_raised_above_the_processor) {
  BOOST_TEST(isa_when("avx512") == Registry::isa());
  BOOST_TEST(isa_when("avx2") <= std::uint32_t{QUIPU_ISA_AVX2});
}

// The compiler's run time asks the same processor in its own way.
BOOST_AUTO_TEST_CASE(the_level_is_what_the_compiler_finds) {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512vbmi") &&
                      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");

  BOOST_TEST(Registry::isa() == std::uint32_t(avx512 ? QUIPU_ISA_AVX512
                                              : avx2 ? QUIPU_ISA_AVX2
                                                     : QUIPU_ISA_SCALAR));
}

BOOST_AUTO_TEST_CASE(a_level_of_other_processors_is_a_usage_error) {
  BOOST_CHECK_EXCEPTION(isa_when("neon"), quipu::Error, is_usage);
}

#endif
