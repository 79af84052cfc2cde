// Cores counted from what a Linux kernel says of them; the files are made up as it writes them.
#include "cores.h"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <vector>

#include "support/temporary_folder.h"

using quipu_cpu::physical_cores;
using quipu_cpu::places;
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

using Numbers = std::vector<std::uint32_t>;

const Numbers all{0, 1, 2, 3}, eight{0, 1, 2, 3, 4, 5, 6, 7};

/// Nodes 0 and 2 with two cores of two hardware threads each.
void two_nodes(const std::filesystem::path& system) {
  write(system / "node/online", "0,2");
  write(system / "node/node0/cpulist", "0-1,4-5");
  write(system / "node/node2/cpulist", "2-3,6-7");
  for (const std::uint32_t i : all)
    core(system / "cpu", {i, i + 4}, std::to_string(i).append(",").append(std::to_string(i + 4)));
}

Numbers nodes(const std::vector<quipu_cpu::NodePlace>& places) {
  Numbers numbers;
  for (const auto& place : places) numbers.push_back(place.node);
  return numbers;
}

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

BOOST_AUTO_TEST_CASE(each_node_has_a_range_of_the_threads_in_proportion_to_its_cores) {
  const quipu::test::TemporaryFolder folder;
  two_nodes(folder.path());

  BOOST_TEST(nodes(places(folder.path(), eight, 4)) == (Numbers{0, 0, 2, 2}));
  BOOST_TEST(nodes(places(folder.path(), eight, 2)) == (Numbers{0, 2}));
  BOOST_TEST(nodes(places(folder.path(), eight, 8)) == (Numbers{0, 0, 0, 0, 2, 2, 2, 2}));
  BOOST_TEST(nodes(places(folder.path(), Numbers{0, 2, 3}, 3)) == (Numbers{0, 2, 2}));
  BOOST_TEST(nodes(places(folder.path(), Numbers{0, 4, 2, 3}, 3)) == (Numbers{0, 2, 2}));
}

BOOST_AUTO_TEST_CASE(a_thread_may_use_all_of_its_node_that_the_process_may_use) {
  const quipu::test::TemporaryFolder folder;
  two_nodes(folder.path());
  const auto all_of_both = places(folder.path(), eight, 2);
  const auto some = places(folder.path(), Numbers{1, 2, 3, 5}, 3);

  BOOST_TEST(all_of_both[0].hardware_threads == (Numbers{0, 1, 4, 5}));
  BOOST_TEST(all_of_both[1].hardware_threads == (Numbers{2, 3, 6, 7}));
  BOOST_TEST(some[0].hardware_threads == (Numbers{1, 5}));
  BOOST_TEST(some[1].hardware_threads == (Numbers{2, 3}));
  BOOST_TEST(some[2].hardware_threads == (Numbers{2, 3}));
}

BOOST_AUTO_TEST_CASE(threads_of_one_node_have_no_places) {
  const quipu::test::TemporaryFolder folder, empty, damaged;
  two_nodes(folder.path());
  write(damaged.path() / "node/online", "0,x");

  BOOST_TEST(places(folder.path(), Numbers{0, 1, 4}, 2).empty());
  BOOST_TEST(places(empty.path(), eight, 2).empty());
  BOOST_TEST(places(damaged.path(), eight, 2).empty());
}

BOOST_AUTO_TEST_CASE(this_machine_has_at_least_one_core) {
  BOOST_TEST(quipu_cpu::usable_cores() >= 1u);
}
