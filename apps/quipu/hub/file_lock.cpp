#include "hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "quipu/error.h"

namespace quipu::app {
namespace {

Error cannot_lock(const std::filesystem::path& file) {
  return Error(ErrorCode::io,
               printable(file.string(), 1000) + ": cannot lock: " + std::strerror(errno));
}

// Somebody may have removed the file between opening and locking: then the lock protects nothing.
bool is_still_there(int descriptor, const std::filesystem::path& file) {
  struct stat locked {
  }, named{};
  return ::fstat(descriptor, &locked) == 0 && ::stat(file.c_str(), &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, const std::function<void()>& waiting) {
  std::error_code ignored;  // opening says what is wrong
  std::filesystem::create_directories(file.parent_path(), ignored);
  for (;;) {
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
    if (descriptor_ < 0) throw cannot_lock(file);
    try {
      while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) throw cannot_lock(file);
        if (waiting) waiting();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
    if (is_still_there(descriptor_, file)) return;
    ::close(descriptor_);
  }
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

}  // namespace quipu::app
