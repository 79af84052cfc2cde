// What this machine can do at best, measured: the limits that a benchmark is held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quipu::app {

/// Plain reads of memory well beyond the caches, by `threads` threads together.
class PlainRead {
 public:
  explicit PlainRead(std::uint32_t threads);

  /// Bytes per second of one pass, now.
  double bytes_per_second() const;
  /// Bytes of memory that this keeps resident.
  std::size_t resident() const noexcept { return memory_.size(); }

 private:
  std::uint32_t threads_;
  std::vector<std::byte> memory_;
};

/// Seconds of one plain read of `memory`, which begins at a multiple of 64 bytes, by `threads`
/// threads together.
double time_of_read(std::span<const std::byte> memory, std::uint32_t threads);

/// int8 multiply-adds per second (one multiply-add = 2 operations), by `threads` threads, with the
/// best instruction that this program knows for the processor; 0 where it knows none.
double measure_integer_peak(std::uint32_t threads);

/// The same in one pass of some milliseconds.
double sample_integer_peak(std::uint32_t threads);

}  // namespace quipu::app
