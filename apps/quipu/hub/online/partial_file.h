// A file that is not complete: its bytes, and beside it a small file that says which are there.
// After a kill at any time the small file claims nothing that is not in the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace quipu::app {

/// Chunks of a fixed size, each filled from its beginning, by one thread at a time; different
/// chunks by different threads. Functions throw Error{io} naming the file; the bytes stay for the
/// next attempt.
class PartialFile {
 public:
  /// Takes up what an earlier attempt left when it was for the same number of bytes; the chunks are
  /// then as that attempt cut them.
  PartialFile(std::filesystem::path path, std::uint64_t bytes, std::uint64_t chunk_bytes);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  std::size_t chunks() const noexcept { return chunks_; }
  std::uint64_t first(std::size_t chunk) const noexcept { return chunk * chunk_bytes_; }
  std::uint64_t size(std::size_t chunk) const noexcept;
  std::uint64_t present(std::size_t chunk) const noexcept { return present_[chunk]; }
  std::uint64_t total_present() const noexcept;

  /// The next bytes of a chunk; at most as many as it wants.
  void write(std::size_t chunk, std::span<const std::byte> bytes);
  /// Bytes from `offset`; fewer when the file ends early.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;

  /// Strong ETag of what the bytes were taken from, or "".
  std::string etag() const;
  void set_etag(const std::string& etag);

  /// Forgets all bytes.
  void clear();
  /// Gives the bytes their final name, once they are on the disk.
  void finish(const std::filesystem::path& file);

 private:
  void load_state();
  void save_state();

  const std::filesystem::path path_, state_path_;
  const std::uint64_t bytes_;
  std::uint64_t chunk_bytes_;
  std::size_t chunks_ = 0;
  int data_ = -1, state_ = -1;
  std::unique_ptr<std::atomic<std::uint64_t>[]> present_;
  mutable std::mutex mutex_;
  std::string etag_;
};

}  // namespace quipu::app
