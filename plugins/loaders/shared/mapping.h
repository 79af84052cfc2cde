// A whole file in memory, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace loaders {

class Mapping {
 public:
  /// Regular files only: a directory, FIFO or device is refused without waiting on it. Throws Error
  /// naming the path.
  explicit Mapping(const std::string& path);
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Brings mapped ranges into memory with up to `threads` threads. Throws Error{io} when a file has
/// shrunk since it was mapped or cannot be read.
void populate(std::span<const std::span<const std::byte>> ranges, std::uint32_t threads);

/// The whole pages of a mapped range stay in the system's cache of files, but count no longer as
/// memory of this process.
void release(std::span<const std::byte> range) noexcept;

}  // namespace loaders
