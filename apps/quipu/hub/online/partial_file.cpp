#include "hub/online/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "quipu/error.h"

namespace quipu::app {
namespace {

// The small file, in the byte order of the machine that also wrote the bytes:
//
//   0 ........ 15   16 .. 23   24 .. 31     32 ........ 287        288 …
//   [ magic      ]  [ bytes ]  [ chunk ]    [ ETag, zeros behind ] [ bytes present, per chunk ]
struct Head {
  std::array<char, 16> magic;
  std::uint64_t bytes, chunk_bytes;
  std::array<char, 256> etag;
};
static_assert(sizeof(Head) == 288);

constexpr std::array<char, 16> magic = {"quipu partial 1"};

Error cannot(const std::filesystem::path& path, const std::string& what) {
  return Error(ErrorCode::io,
               printable(path.string(), 1000) + ": cannot " + what + ": " + std::strerror(errno));
}

int open_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor < 0) throw cannot(path, "write");
  return descriptor;
}

void write_all(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes,
               const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw cannot(path, "write");
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::size_t read_some(int descriptor, std::uint64_t offset, std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t count = ::pread(descriptor, out.data() + done, out.size() - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);  // some file systems cannot; the name is there all the same
  ::close(descriptor);
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path path, std::uint64_t bytes, std::uint64_t chunk_bytes)
    : path_(std::move(path)), state_path_(path_.string() + ".state"), bytes_(bytes),
      chunk_bytes_(chunk_bytes) {
  try {
    data_ = open_file(path_);
    state_ = open_file(state_path_);
    load_state();
  } catch (...) {
    if (data_ >= 0) ::close(data_);
    if (state_ >= 0) ::close(state_);
    throw;
  }
}

PartialFile::~PartialFile() {
  ::close(data_);
  ::close(state_);
}

std::uint64_t PartialFile::size(std::size_t chunk) const noexcept {
  return std::min(chunk_bytes_, bytes_ - first(chunk));
}

std::uint64_t PartialFile::total_present() const noexcept {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < chunks_; ++i) total += present_[i];
  return total;
}

void PartialFile::load_state() {
  Head head{};
  const bool known =
      read_some(state_, 0, std::as_writable_bytes(std::span(&head, 1))) == sizeof head &&
      head.magic == magic && head.bytes == bytes_ && head.chunk_bytes > 0 &&
      // No more chunks than would be cut today, eight times over: the count is allocated.
      bytes_ / head.chunk_bytes <= 8 * (bytes_ / chunk_bytes_ + 1);
  if (known) chunk_bytes_ = head.chunk_bytes;
  chunks_ = static_cast<std::size_t>(bytes_ / chunk_bytes_ + (bytes_ % chunk_bytes_ != 0));
  present_ = std::make_unique<std::atomic<std::uint64_t>[]>(chunks_);
  if (!known) return clear();
  std::vector<std::uint64_t> present(chunks_);
  struct stat status {};
  const bool whole = read_some(state_, sizeof head, std::as_writable_bytes(std::span(present))) ==
                         chunks_ * sizeof present[0] &&
                     ::fstat(data_, &status) == 0;
  bool sound = whole && head.etag.back() == '\0';
  for (std::size_t i = 0; sound && i < chunks_; ++i)
    sound =
        present[i] <= size(i) &&
        (present[i] == 0 || first(i) + present[i] <= static_cast<std::uint64_t>(status.st_size));
  if (!sound) return clear();
  for (std::size_t i = 0; i < chunks_; ++i) present_[i] = present[i];
  etag_ = head.etag.data();
}

void PartialFile::save_state() {
  Head head{magic, bytes_, chunk_bytes_, {}};
  std::ranges::copy(etag_, head.etag.begin());
  write_all(state_, 0, std::as_bytes(std::span(&head, 1)), state_path_);
}

void PartialFile::write(std::size_t chunk, std::span<const std::byte> bytes) {
  const std::uint64_t before = present_[chunk];
  write_all(data_, first(chunk) + before, bytes, path_);
  const std::uint64_t now = before + bytes.size();
  write_all(state_, sizeof(Head) + chunk * sizeof now, std::as_bytes(std::span(&now, 1)),
            state_path_);
  present_[chunk] = now;
}

std::size_t PartialFile::read(std::uint64_t offset, std::span<std::byte> out) const {
  return read_some(data_, offset, out);
}

std::string PartialFile::etag() const {
  const std::lock_guard lock(mutex_);
  return etag_;
}

void PartialFile::set_etag(const std::string& etag) {
  const std::lock_guard lock(mutex_);
  etag_ = etag.size() < sizeof(Head::etag) ? etag : "";
  save_state();
}

void PartialFile::clear() {
  if (::ftruncate(state_, 0) != 0) throw cannot(state_path_, "write");
  if (::ftruncate(data_, 0) != 0) throw cannot(path_, "write");
  etag_.clear();
  for (std::size_t i = 0; i < chunks_; ++i) present_[i] = 0;
  const std::vector<std::uint64_t> none(chunks_);
  write_all(state_, sizeof(Head), std::as_bytes(std::span(none)), state_path_);
  save_state();
}

void PartialFile::finish(const std::filesystem::path& file) {
  if (::ftruncate(data_, static_cast<off_t>(bytes_)) != 0) throw cannot(path_, "write");
  if (::fsync(data_) != 0) throw cannot(path_, "write to the disk");
  if (::rename(path_.c_str(), file.c_str()) != 0) throw cannot(file, "write");
  ::unlink(state_path_.c_str());
  sync_folder(file.parent_path());
}

}  // namespace quipu::app
