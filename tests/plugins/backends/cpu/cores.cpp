// Cores counted from what a Linux kernel says of them; the files are made up as it writes them.
#include "cores.h"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <vector>

#include "support/temporary_folder.h"

using quipu_cpu::physical_cores;
using quipu_cpu::quota_cores;

namespace {

void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text << '\n';
}

void core(const std::filesystem::path& system, const std::vector<std::uint32_t>& threads,
          const std::string& list) {
  for (const auto thread : threads)
    write(system / ("cpu" + std::to_string(thread)) / "topology/thread_siblings_list", list);
}

const std::vector<std::uint32_t> all{0, 1, 2, 3};

}  // namespace

BOOST_AUTO_TEST_CASE(hardware_threads_of_one_core_count_once) {
  const quipu::test::TemporaryFolder folder;
  core(folder.path(), {0, 2}, "0,2");
  core(folder.path(), {1, 3}, "1,3");

  BOOST_TEST(physical_cores(folder.path(), all) == 2u);
  BOOST_TEST(physical_cores(folder.path(), std::vector<std::uint32_t>{0, 1}) == 2u);
  BOOST_TEST(physical_cores(folder.path(), std::vector<std::uint32_t>{0, 2}) == 1u);
}

BOOST_AUTO_TEST_CASE(where_nothing_is_said_each_is_a_core) {
  const quipu::test::TemporaryFolder folder;

  BOOST_TEST(physical_cores(folder.path(), all) == 4u);
}

BOOST_AUTO_TEST_CASE(a_quota_of_time_is_rounded_up_to_cores) {
  const quipu::test::TemporaryFolder folder;
  write(folder.path() / "a/cpu.max", "150000 100000");

  BOOST_TEST(quota_cores(folder.path(), "/a") == 2u);
}

BOOST_AUTO_TEST_CASE(the_least_quota_on_the_way_up_counts) {
  const quipu::test::TemporaryFolder folder;
  write(folder.path() / "cpu.max", "800000 100000");
  write(folder.path() / "a/cpu.max", "300000 100000");
  write(folder.path() / "a/b/cpu.max", "max 100000");

  BOOST_TEST(quota_cores(folder.path(), "/a/b") == 3u);
  BOOST_TEST(quota_cores(folder.path(), "/") == 8u);
}

BOOST_AUTO_TEST_CASE(without_a_quota_or_with_one_that_is_none_there_is_no_limit) {
  const quipu::test::TemporaryFolder folder;
  write(folder.path() / "a/cpu.max", "max 100000");
  write(folder.path() / "b/cpu.max", "100000 0");
  write(folder.path() / "c/cpu.max", "-3 100000");

  for (const char* group : {"/", "/a", "/b", "/c", "/missing"})
    BOOST_TEST(quota_cores(folder.path(), group) == 0u);
}

BOOST_AUTO_TEST_CASE(this_machine_has_at_least_one_core) {
  BOOST_TEST(quipu_cpu::usable_cores() >= 1u);
}
