// `quipu plugins`: what is there, read from the files' manifests.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "apps/quipu/program.h"

using quipu::test::run_program;

BOOST_AUTO_TEST_CASE(the_list_has_every_plugin_of_the_tree_with_what_it_provides) {
  const auto list = run_program({"plugins", "list"});

  BOOST_TEST(list.code == 0);
  for (const char* item : {"gguf", "q4_k", "llama", "qwen2", "cpu", "reference"})
    BOOST_TEST(list.out.find(item) != std::string::npos, item);
}

BOOST_AUTO_TEST_CASE(a_plugin_is_described_without_being_run) {
  const auto list = run_program({"plugins", "inspect", QUIPU_PLUGINS "/q4_k.so"});

  BOOST_TEST(list.code == 0);
  BOOST_TEST(list.out.find("gguf:12") != std::string::npos, list.out);
}

// The one promise about time that the program makes. Every plugin's manifest is read, none is
// loaded; the best of 20 starts, as others may use the machine.
BOOST_AUTO_TEST_CASE(listing_takes_less_than_5_milliseconds) {
  double best = 1;
  for (int i = 0; i < 20; ++i) best = std::min(best, run_program({"plugins", "list"}).seconds);

  BOOST_TEST_MESSAGE("best of 20: " << 1e3 * best << " ms");
  BOOST_TEST(best < 0.005 * QUIPU_SLOWNESS);
}
