#include "new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "quipu/sdk/plugin.h"

namespace gguf {

NewFile::NewFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw quipu::sdk::Error(QUIPU_E_IO,
                            path_ + ": expected a regular file or none, found something else");
  descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("cannot create", errno);
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!kept_) ::unlink(part_.c_str());
}

void NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::close() {
  // The descriptor is gone even when close fails.
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("cannot write", errno);
}

void NewFile::keep() {
  if (std::rename(part_.c_str(), path_.c_str()) != 0) fail("cannot rename to its name", errno);
  kept_ = true;
}

void NewFile::fail(const char* what, int error) const {
  throw quipu::sdk::Error(QUIPU_E_IO,
                          part_ + ": " + what + ": " + std::generic_category().message(error));
}

}  // namespace gguf
