// A whole file in memory, read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gguf {

class Mapping {
 public:
  /// Regular files only: a directory, FIFO or device is refused without waiting on it. Throws
  /// Error.
  explicit Mapping(const std::string& path);
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&&) = delete;

  const std::byte* data() const noexcept { return data_; }
  std::uint64_t size() const noexcept { return size_; }

  /// Brings bytes first … first+count-1 into memory, with that many threads.
  void populate(std::uint64_t first, std::uint64_t count, std::uint32_t threads) const;

 private:
  const std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

}  // namespace gguf
