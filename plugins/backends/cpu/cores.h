// How many threads have a core of their own, and where they run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace quipu_cpu {

/// Physical cores that this process may use: of hardware threads that share a core one counts, and
/// a control group's quota of time (containers) is a limit, rounded up. At least 1.
std::uint32_t usable_cores() noexcept;

/// Cores among these hardware threads, as `system`/cpu<N>/topology says; one each where it says
/// nothing. `system` is /sys/devices/system/cpu.
std::uint32_t physical_cores(const std::filesystem::path& system,
                             std::span<const std::uint32_t> hardware_threads);

/// The quota of control group `path` ("/a/b") and of all above it, in cores rounded up; 0 = none.
/// `root` is /sys/fs/cgroup, of version 2.
std::uint32_t quota_cores(const std::filesystem::path& root, const std::filesystem::path& path);

/// Where a thread may run: a node of memory, and the hardware threads that are near it.
struct NodePlace {
  std::uint32_t node;
  std::vector<std::uint32_t> hardware_threads;
};

/// A place for each of `threads` threads on this machine; none where the process may use one node
/// of memory only, or where QUIPU_NUMA=off is in the environment.
std::vector<NodePlace> places(std::uint32_t threads);

/// The same among these hardware threads, as `system`/node/node<N>/cpulist and `system`/cpu say.
/// Each node has a contiguous range of the threads, as long as its share of the physical cores.
/// `system` is /sys/devices/system.
std::vector<NodePlace> places(const std::filesystem::path& system,
                              std::span<const std::uint32_t> hardware_threads,
                              std::uint32_t threads);

}  // namespace quipu_cpu
