// The hub, as the program sees it. What is behind it lies in a library of its own, which is loaded
// when it is first asked for: libcurl and OpenSSL take 3 ms to load, more than quipu itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hub/names.h"
#include "hub/settings.h"

namespace quipu::app {

struct HubFile {
  std::string name;  ///< has no problem (names.h)
  std::uint64_t bytes = 0;
  std::string digest;  ///< 64 digits of SHA-256, or 40 of a Git blob where the file is small
};

/// A repository at one commit.
struct HubListing {
  RepositoryName repository;
  std::string commit;
  bool gated = false;  ///< its files want an account that was let in
  std::vector<HubFile> files;
  std::vector<std::string> refused;  ///< files whose names or digests are unsafe, and why
};

struct HubHit {
  std::string repository;
  std::uint64_t downloads = 0, likes = 0;
  std::string updated;  ///< "2025-06-01T…"
};

/// Where a file goes. Nothing has the name `file` before all bytes are there and their digest is
/// the listing's.
struct HubDestination {
  std::filesystem::path file;
  std::filesystem::path partial;  ///< beside it; kept for the next attempt when this one fails
  std::filesystem::path lock;     ///< held meanwhile
};

/// What a hub tells the program, and hears from it.
struct HubHost {
  const std::atomic<bool>& stop;  ///< true: whatever runs ends soon with Error{cancelled}
  /// Something that takes longer than expected, for people: a retry, a wait for another process.
  std::function<void(const std::string& text)> remark;
};

/// Called about ten times a second with the bytes that are there.
using HubProgress = std::function<void(std::uint64_t bytes)>;

/// Functions throw Error{io} for what the hub, the network or the disk does, naming the address
/// without its query, what was expected and what was found. Used by one thread at a time.
class Hub {
 public:
  virtual ~Hub() = default;

  virtual HubListing list(const RepositoryName& repository, const std::string& revision) = 0;
  /// Repositories with GGUF files that match the text, those most downloaded first.
  virtual std::vector<HubHit> search(const std::string& text, std::uint32_t limit) = 0;
  /// Bytes first … first + count - 1 of a file, not checked against its digest.
  virtual std::string read(const HubListing& listing, const HubFile& file, std::uint64_t first,
                           std::uint64_t count) = 0;
  virtual void download(const HubListing& listing, const HubFile& file,
                        const HubDestination& destination, const HubProgress& progress) = 0;
  /// Digest of a file on disk, of the kind that has so many digits: 64 or 40 (HubFile::digest).
  virtual std::string digest(const std::filesystem::path& file, std::size_t digits,
                             const HubProgress& progress) = 0;
};

/// Loads the library. Throws Error{unsupported} naming where it was looked for.
std::unique_ptr<Hub> open_hub(const HubSettings& settings, const HubHost& host);

/// The library's one symbol: a Hub that the caller owns, or throws Error.
extern "C" [[gnu::visibility("default")]] Hub* quipu_open_hub(const HubSettings& settings,
                                                              const HubHost& host);

}  // namespace quipu::app
