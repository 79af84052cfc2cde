// One process at a time: a lock that goes away with its holder, however that ends.
#pragma once

#include <filesystem>
#include <functional>

namespace quipu::app {

/// Holds an flock on a file, which is made when it is not there and stays. The kernel frees it when
/// the holder dies. huggingface_hub's locks are of the same kind.
class FileLock {
 public:
  /// Waits as long as another process holds it; `waiting` is called about ten times a second, and
  /// may throw to give up. Throws Error{io} naming the file.
  explicit FileLock(const std::filesystem::path& file, const std::function<void()>& waiting = {});
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace quipu::app
