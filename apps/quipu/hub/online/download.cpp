#include "hub/online/download.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <utility>
#include <vector>

#include "hub/file_lock.h"
#include "hub/online/digest.h"
#include "hub/online/partial_file.h"
#include "hub/online/transfer.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

namespace fs = std::filesystem;

// How often a file that changes under our hands is begun.
constexpr int most_beginnings = 3;

void stop_if_asked(const HubHost& host, const HubFile& file) {
  if (host.stop)
    throw Error(ErrorCode::cancelled,
                printable(file.name) + ": stopped; the next download goes on from here");
}

// Says before the download begins what would fail in the middle of it.
void check_space(const HubFile& file, const HubDestination& destination,
                 const PartialFile& partial) {
  struct statvfs disk {};
  if (::statvfs(destination.partial.c_str(), &disk) != 0) return;
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const std::uint64_t needed = file.bytes - partial.total_present();
  if (needed > free)
    throw Error(ErrorCode::io, printable(file.name) + ": " + std::to_string(needed) +
                                   " bytes are needed in " +
                                   printable(destination.file.parent_path().string(), 1000) + ", " +
                                   std::to_string(free) + " are free");
}

// The digest of the chunks of a partial file, in order, as they become complete.
class GrowingDigest {
 public:
  GrowingDigest(const PartialFile& partial, const HubFile& file)
      : partial_(partial), digest_(file.digest.size(), file.bytes), buffer_(1 << 20) {}

  void add_complete_chunks() {
    for (; next_ < partial_.chunks() && partial_.present(next_) == partial_.size(next_); ++next_)
      for (std::uint64_t done = 0; done < partial_.size(next_);) {
        const auto want = std::min<std::uint64_t>(buffer_.size(), partial_.size(next_) - done);
        const auto got =
            partial_.read(partial_.first(next_) + done, std::span(buffer_).first(want));
        if (got == 0) return;  // the disk has lost bytes: the digest will be wrong
        digest_.add(std::span(buffer_).first(got));
        done += got;
      }
  }

  std::string finish() {
    add_complete_chunks();
    return digest_.finish();
  }

 private:
  const PartialFile& partial_;
  Digest digest_;
  std::vector<std::byte> buffer_;
  std::size_t next_ = 0;
};

// All bytes of the file; returns their digest.
std::string fetch(const HubSettings& settings, const HubHost& host, const std::string& url,
                  const HubFile& file, PartialFile& partial, const HubProgress& progress) {
  Transfer transfer(settings, url, file.name, partial);
  bool ranges = true;
  for (int beginning = 1; beginning <= most_beginnings; ++beginning) {
    GrowingDigest digest(partial, file);
    const auto tick = [&] {
      stop_if_asked(host, file);
      progress(partial.total_present());
      // Without ranges a chunk may be fetched again.
      if (ranges) digest.add_complete_chunks();
    };
    switch (transfer.run(ranges, tick, host.remark)) {
    case Transfer::Outcome::complete:
      return digest.finish();
    case Transfer::Outcome::changed:
      host.remark(printable(file.name) + ": the server has another file by now; beginning anew");
      break;
    case Transfer::Outcome::no_ranges:
      ranges = false;
      break;
    }
    partial.clear();
  }
  throw Error(ErrorCode::io, printable(file.name) + ": expected a file that stays the same, found "
                                                    "it changed again and again");
}

}  // namespace

void download(const HubSettings& settings, const HubHost& host, const std::string& url,
              const HubFile& file, const HubDestination& destination, const HubProgress& progress) {
  bool said = false;
  const FileLock lock(destination.lock, [&] {
    stop_if_asked(host, file);
    if (!std::exchange(said, true))
      host.remark(printable(file.name) + ": waiting for another process that downloads it");
  });
  std::error_code error;
  if (const auto bytes = fs::file_size(destination.file, error); !error) {
    if (bytes == file.bytes) return;
    host.remark(printable(destination.file.string(), 1000) + ": expected " +
                std::to_string(file.bytes) + " bytes, found " + std::to_string(bytes) +
                "; downloading it again");
  }
  fs::create_directories(destination.file.parent_path(), error);  // opening says what is wrong
  PartialFile partial(destination.partial, file.bytes, settings.chunk_bytes);
  check_space(file, destination, partial);
  for (bool resumed = partial.total_present() > 0;; resumed = false) {
    const std::string digest = fetch(settings, host, url, file, partial, progress);
    if (digest == file.digest) break;
    partial.clear();
    const std::string what = printable(file.name) + ": expected the digest " + file.digest +
                             ", found " + digest + "; its bytes were thrown away";
    if (!resumed) throw Error(ErrorCode::io, what);
    // An earlier attempt's bytes may be at fault.
    host.remark(what + " and are fetched again");
  }
  partial.finish(destination.file);
}

}  // namespace quipu::app
