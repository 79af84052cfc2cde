// How many threads have a core of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

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

}  // namespace quipu_cpu
