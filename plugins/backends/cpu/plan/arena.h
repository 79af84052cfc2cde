// Memory reserved once and touched when used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "plan/job.h"

namespace quipu_cpu {

/// Zeroed pages from the operating system, 4096-byte aligned. Throws bad_alloc.
class Arena {
 public:
  Arena() = default;
  explicit Arena(std::uint64_t bytes);
  Arena(Arena&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Arena& operator=(Arena&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Arena();

  /// Before it is touched: the system may find its pages in fewer steps, but gives them in pieces
  /// of megabytes.
  void prefer_huge_pages() noexcept;

  std::byte* data() const noexcept { return data_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::uint64_t bytes_ = 0;
};

/// How much memory buffers need.
struct Extent {
  std::uint64_t bytes = 0;  ///< from the first to the end of the last
  std::uint64_t usual = 0;  ///< the part of it that runs touch where few tokens are wanted
};

/// Gives every buffer an offset so that buffers whose stages overlap share no byte but those in
/// place of another. Offsets are multiples of 64. Buffer::data is left alone.
Extent lay_out(std::span<Buffer* const> buffers, std::span<std::uint64_t> offsets);

}  // namespace quipu_cpu
