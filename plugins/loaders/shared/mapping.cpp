#include "mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <vector>

#include "quipu/sdk/plugin.h"

namespace loaders {
namespace {

using quipu::sdk::Error;

Error failed(const std::string& what, int error) {
  return Error(QUIPU_E_IO, what + ": " + std::generic_category().message(error));
}

class Descriptor {
 public:
  // Non-blocking, so that opening a FIFO does not wait for a writer.
  explicit Descriptor(const char* path) : value_(::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const noexcept { return value_; }

 private:
  int value_;
};

// Large enough that a thread asks rarely, small enough that the last one does not work alone.
constexpr std::size_t chunk_bytes = std::size_t{16} << 20;

// Returns an errno value, or 0.
int populate_chunk(std::span<const std::byte> chunk) noexcept {
  void* const start = const_cast<std::byte*>(chunk.data());
  while (::madvise(start, chunk.size(), MADV_POPULATE_READ) != 0) {
    if (errno == EINTR || errno == EAGAIN) continue;
    if (errno != EINVAL) return errno;
    // A kernel before Linux 5.14: reading ahead is the next best.
    return ::madvise(start, chunk.size(), MADV_WILLNEED) == 0 ? 0 : errno;
  }
  return 0;
}

std::vector<std::span<const std::byte>>
chunks_of(std::span<const std::span<const std::byte>> ranges) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  std::vector<std::span<const std::byte>> chunks;
  for (std::span<const std::byte> range : ranges) {
    if (range.empty()) continue;
    // madvise takes whole pages; a mapping begins on one, so the first page is ours.
    const std::size_t lead = reinterpret_cast<std::uintptr_t>(range.data()) % page;
    range = {range.data() - lead, range.size() + lead};
    for (std::size_t at = 0; at < range.size(); at += chunk_bytes)
      chunks.push_back(range.subspan(at, std::min(chunk_bytes, range.size() - at)));
  }
  return chunks;
}

}  // namespace

Mapping::Mapping(const std::string& path) {
  const Descriptor file(path.c_str());
  if (file.value() < 0) throw failed(path, errno);
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) throw failed(path, errno);
  if (!S_ISREG(status.st_mode)) throw Error(QUIPU_E_INVALID, path + ": expected a regular file");
  if (status.st_size == 0)
    throw Error(QUIPU_E_INVALID, path + ": expected a GGUF file, found an empty one");
  size_ = static_cast<std::size_t>(status.st_size);
  void* const mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.value(), 0);
  if (mapped == MAP_FAILED) throw failed(path, errno);
  // What is read from the disk from now on comes in huge pages where the file system has them; what
  // is cached already stays as it is. In a virtual machine on Zen 5 with ext4, decoding is 1.0 to
  // 1.06 (SmolLM2 135M) times as fast as with small pages, and a later start maps 4 GB in 18 ms
  // instead of 200. The first reading is 1.4 times as fast for 0.6 GB, but with the first token 0.7
  // times for 4 GB, as the host provides fresh memory slowly there.
  ::madvise(mapped, size_, MADV_HUGEPAGE);
  data_ = static_cast<const std::byte*>(mapped);
}

Mapping::~Mapping() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void populate(std::span<const std::span<const std::byte>> ranges, std::uint32_t threads) {
  const auto chunks = chunks_of(ranges);
  std::atomic<std::size_t> next = 0;
  std::atomic<int> failure = 0;
  const auto work = [&]() noexcept {
    for (std::size_t i = next++; i < chunks.size() && !failure; i = next++)
      if (const int error = populate_chunk(chunks[i])) failure = error;
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted = std::min<std::size_t>(threads, chunks.size());
    try {
      while (helpers.size() + 1 < wanted) helpers.emplace_back(work);
    } catch (const std::system_error&) {
      // No more threads to be had: those that there are do it.
    }
    work();
  }
  if (failure == EFAULT)
    throw Error(QUIPU_E_IO, "reading the tensors: the file has shrunk since it was opened");
  if (failure) throw failed("reading the tensors", failure);
}

void release(std::span<const std::byte> range) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(range.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + range.size()) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace loaders
