#include "cores.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace quipu_cpu {
namespace {

std::vector<std::uint32_t> allowed_hardware_threads() {
  std::vector<std::uint32_t> allowed;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (std::uint32_t i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &set)) allowed.push_back(i);
  return allowed;
}

// "0::/a/b" of version 2.
std::filesystem::path own_control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return "/";
}

std::uint32_t count_usable_cores() {
  const auto allowed = allowed_hardware_threads();
  std::uint32_t cores = allowed.empty() ? std::thread::hardware_concurrency()
                                        : physical_cores("/sys/devices/system/cpu", allowed);
  if (const auto quota = quota_cores("/sys/fs/cgroup", own_control_group()))
    cores = std::min(cores, quota);
  return std::max(cores, 1u);
}

// The list of hardware threads of a core, "0-1" or "0,64", is the same in each of them.
std::string name_of_core(const std::filesystem::path& system, std::uint32_t hardware_thread) {
  const std::string name = "cpu" + std::to_string(hardware_thread);
  std::string siblings;
  std::ifstream(system / name / "topology/thread_siblings_list") >> siblings;
  return siblings.empty() ? name : siblings;
}

// "0-3,8"; nothing of a list that is none.
std::vector<std::uint32_t> read_list(const std::filesystem::path& file) {
  std::vector<std::uint32_t> numbers;
  std::ifstream stream(file);
  for (std::string range; std::getline(stream, range, ',');) {
    std::istringstream text(range);
    std::uint32_t first = 0, last = 0;
    char dash = 0;
    if (!(text >> first)) return {};
    if (!(text >> dash >> last)) last = first;
    for (std::uint32_t i = first; i <= std::min(last, first + CPU_SETSIZE); ++i)
      numbers.push_back(i);
  }
  return numbers;
}

}  // namespace

std::uint32_t usable_cores() noexcept {
  try {
    return count_usable_cores();
  } catch (...) {
    return std::max(1u, std::thread::hardware_concurrency());
  }
}

std::uint32_t physical_cores(const std::filesystem::path& system,
                             std::span<const std::uint32_t> hardware_threads) {
  std::set<std::string> cores;
  for (const std::uint32_t thread : hardware_threads) cores.insert(name_of_core(system, thread));
  return static_cast<std::uint32_t>(cores.size());
}

std::vector<NodePlace> places(const std::filesystem::path& system,
                              std::span<const std::uint32_t> hardware_threads,
                              std::uint32_t threads) {
  std::vector<NodePlace> nodes;
  std::vector<std::size_t> node_of_core;  // an index of `nodes` for each physical core
  for (const std::uint32_t node : read_list(system / "node/online")) {
    NodePlace place{node, {}};
    for (const std::uint32_t each :
         read_list(system / ("node/node" + std::to_string(node)) / "cpulist"))
      if (std::ranges::find(hardware_threads, each) != hardware_threads.end())
        place.hardware_threads.push_back(each);
    if (place.hardware_threads.empty()) continue;
    node_of_core.insert(node_of_core.end(), physical_cores(system / "cpu", place.hardware_threads),
                        nodes.size());
    nodes.push_back(std::move(place));
  }
  if (nodes.size() < 2) return {};
  std::vector<NodePlace> chosen;
  for (std::uint64_t thread = 0; thread < threads; ++thread)
    chosen.push_back(nodes[node_of_core[thread * node_of_core.size() / threads]]);
  return chosen;
}

std::vector<NodePlace> places(std::uint32_t threads) {
  const char* const wish = std::getenv("QUIPU_NUMA");
  if (wish && std::string_view(wish) == "off") return {};
  return places("/sys/devices/system", allowed_hardware_threads(), threads);
}

std::uint32_t quota_cores(const std::filesystem::path& root, const std::filesystem::path& path) {
  std::uint32_t least = 0;
  auto group = root / path.relative_path();
  while (true) {
    std::string quota;
    std::uint64_t period = 0;
    // "max 100000" where there is no limit.
    if (std::ifstream(group / "cpu.max") >> quota >> period && period > 0 &&
        quota.find_first_not_of("0123456789") == std::string::npos && quota.size() < 16) {
      const std::uint64_t cores = (std::stoull(quota) + period - 1) / period;
      const auto count = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(cores, 1, 65535));
      least = least ? std::min(least, count) : count;
    }
    if (group == root || !group.has_relative_path()) return least;
    group = group.parent_path();
  }
}

}  // namespace quipu_cpu
