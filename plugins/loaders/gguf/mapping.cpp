#include "mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "reader.h"

namespace gguf {

Mapping::Mapping(const std::string& path) {
  struct Descriptor {
    int value;
    ~Descriptor() {
      if (value >= 0) ::close(value);
    }
  };
  const auto cannot = [&](const char* what) {
    return Error(QUIPU_E_IO, quoted(path) + ": cannot " + what + ": " + std::strerror(errno));
  };
  // Non-blocking, so that opening a FIFO does not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.value < 0) throw cannot("open");
  struct stat status {};
  if (::fstat(file.value, &status) != 0) throw cannot("read");
  if (!S_ISREG(status.st_mode))
    throw Error(QUIPU_E_INVALID, quoted(path) + ": expected a regular file");
  if (status.st_size == 0) throw Error(QUIPU_E_INVALID, quoted(path) + ": the file is empty");
  size_ = static_cast<std::uint64_t>(status.st_size);
  void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.value, 0);
  if (mapped == MAP_FAILED) throw cannot("map");
  data_ = static_cast<const std::byte*>(mapped);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping::~Mapping() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void Mapping::populate(std::uint64_t first, std::uint64_t count, std::uint32_t threads) const {
  // Whole pages; the kernel maps a page at most once, so neighbours may share one.
  constexpr std::uint64_t page = 4096;
  const auto bring = [&](std::uint64_t from, std::uint64_t to) {
    from = from / page * page;
    void* const start = const_cast<std::byte*>(data_ + from);
#ifdef MADV_POPULATE_READ
    if (::madvise(start, to - from, MADV_POPULATE_READ) == 0) return;
#endif
    ::madvise(start, to - from, MADV_WILLNEED);
  };
  const std::uint64_t share = count / std::max(threads, 1u) + 1;
  std::vector<std::jthread> others;
  for (std::uint32_t i = 1; i < threads && i * share < count; ++i)
    others.emplace_back(
        [&, i] { bring(first + i * share, first + std::min((i + 1) * share, count)); });
  bring(first, first + std::min(share, count));
}

}  // namespace gguf
