// What this machine can do at best, measured: the limits that a benchmark is held against.
#pragma once

#include <cstdint>

namespace quipu::app {

/// Bytes per second of a plain read of memory well beyond the caches, by `threads` threads; the
/// best of a few passes.
double measure_read_bandwidth(std::uint32_t threads);

/// int8 multiply-adds per second (one multiply-add = 2 operations), by `threads` threads, with the
/// best instruction that this program knows for the processor; 0 where it knows none.
double measure_integer_peak(std::uint32_t threads);

}  // namespace quipu::app
