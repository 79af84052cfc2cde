#include "cores.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

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
  for (const std::uint32_t thread : hardware_threads) {
    const std::string name = "cpu" + std::to_string(thread);
    // The list of hardware threads of a core, "0-1" or "0,64", is the same in each of them.
    std::string siblings;
    std::ifstream(system / name / "topology/thread_siblings_list") >> siblings;
    cores.insert(siblings.empty() ? name : siblings);
  }
  return static_cast<std::uint32_t>(cores.size());
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
