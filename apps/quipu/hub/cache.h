// The cache that Hugging Face's tools share, so that they see what quipu downloads and the reverse.
// Facts: huggingface_hub, "Understand caching".
//
//   CACHE/models--OWNER--REPO/blobs/DIGEST                 the bytes; the name is their digest
//                            /refs/main                    "COMMIT": what a branch was last
//                            /snapshots/COMMIT/FILE        ../../blobs/DIGEST, a relative link
//   CACHE/.locks/models--OWNER--REPO/DIGEST.lock           held (flock) by whoever writes the blob
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hub/names.h"

namespace quipu::app {

struct CachedRepository {
  RepositoryName name;
  std::filesystem::path folder;
  std::vector<std::filesystem::path> snapshots;  ///< that of "main" first
};

/// All repositories of models; what cannot be read is left out.
std::vector<CachedRepository> cached_repositories(const std::filesystem::path& cache);

/// One repository's place in the cache. Functions throw Error{io} naming the path.
class CacheFolder {
 public:
  CacheFolder(const std::filesystem::path& cache, const RepositoryName& repository);

  std::filesystem::path blob(const std::string& digest) const;
  std::filesystem::path lock(const std::string& digest) const;
  std::filesystem::path snapshot(const std::string& commit) const;

  /// Makes the snapshot's file a link to the blob, and remembers what commit the revision is. The
  /// file's name has no problem (names.h).
  void link(const std::string& commit, const std::string& file, const std::string& digest) const;
  void remember(const std::string& revision, const std::string& commit) const;
  /// The commit that a revision was last, or "" ; a commit is itself.
  std::string commit_of(const std::string& revision) const;

  /// Takes the files of these paths, which lie in a snapshot, out of all snapshots that have files
  /// of the same names, then the blobs that no other file is a link to, then what is empty. Never
  /// touches what a link outside this folder leads to. Returns the bytes that are free now.
  std::uint64_t remove(const std::vector<std::filesystem::path>& paths) const;

 private:
  std::filesystem::path folder_, locks_;
};

}  // namespace quipu::app
