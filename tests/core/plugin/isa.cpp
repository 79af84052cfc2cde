// The instruction-set level that plugins are told, and how QUIPU_ISA chooses it.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <string>

#include "fixtures.h"
#include "quipu/error.h"
#include "quipu/isa.h"
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

BOOST_AUTO_TEST_CASE(every_level_of_the_processor_can_be_chosen_and_no_other) {
  const std::pair<const char*, std::uint32_t> levels[] = {{"scalar", QUIPU_ISA_SCALAR},
                                                          {"avx2", QUIPU_ISA_AVX2},
                                                          {"avx512", QUIPU_ISA_AVX512},
                                                          {"amx", QUIPU_ISA_AMX}};
  const auto& here = quipu::processor_isas();
  for (const auto& [name, isa] : levels) BOOST_TEST_CONTEXT(name) {
      if (std::find(here.begin(), here.end(), isa) != here.end()) {
        BOOST_TEST(isa_when(name) == isa);
        continue;
      }
      BOOST_TEST_MESSAGE("this processor has no " << name);
      BOOST_CHECK_EXCEPTION(isa_when(name), quipu::Error, [&](const quipu::Error& error) {
        const std::string text = error.what();
        return is_usage(error) &&
               text.starts_with("QUIPU_ISA: expected what this processor has, scalar") &&
               text.ends_with(std::string(", found ") + name);
      });
    }
}

// The compiler's run time asks the same processor in its own way.
BOOST_AUTO_TEST_CASE(the_levels_are_those_that_the_compiler_finds) {
  std::vector<std::uint32_t> expected = {QUIPU_ISA_SCALAR};
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512vbmi") &&
                      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool amx =
      avx512 && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8");
  if (avx2) expected.push_back(QUIPU_ISA_AVX2);
  if (avx512) expected.push_back(QUIPU_ISA_AVX512);
  const std::uint32_t best = expected.back();
  if (amx) expected.push_back(QUIPU_ISA_AMX);

  BOOST_TEST(quipu::processor_isas() == expected, boost::test_tools::per_element());
  BOOST_TEST(Registry::isa() == best);
}

BOOST_AUTO_TEST_CASE(a_level_of_other_processors_is_a_usage_error) {
  BOOST_CHECK_EXCEPTION(isa_when("neon"), quipu::Error, is_usage);
}

#endif
