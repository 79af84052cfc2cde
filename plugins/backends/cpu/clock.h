// The time that waiting and profiles are measured in.
#pragma once

#include <chrono>
#include <cstdint>

namespace quipu_cpu {

/// Since some fixed moment; never runs backwards.
inline std::int64_t now_nanoseconds() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace quipu_cpu
