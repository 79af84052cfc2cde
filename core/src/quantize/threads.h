// The same work on several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace quipu {

/// Runs `work` on `threads` threads, this one among them, and returns when all are done. Throws
/// what the first of them to fail threw; `work` looks to it that the others stop then too.
void run_on_threads(std::uint32_t threads, const std::function<void()>& work);

}  // namespace quipu
