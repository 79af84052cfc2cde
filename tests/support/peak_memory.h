// How much memory a test has had.
#pragma once

#include <sys/resource.h>

#include <cstddef>

namespace quipu::test {

#ifdef __SANITIZE_ADDRESS__
/// The sanitizer keeps what was freed, so the peak says nothing of the code under test.
constexpr bool peak_memory_is_known = false;
#else
constexpr bool peak_memory_is_known = true;
#endif

/// Bytes that the process had resident at its peak.
inline std::size_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

}  // namespace quipu::test
