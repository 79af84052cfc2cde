#include "hub/header.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu::app {
namespace {

namespace fs = std::filesystem;

// Metadata and tensors of most models; a large vocabulary takes some MiB.
constexpr std::uint64_t first_bytes = 1 << 20, most_bytes = 256 << 20;

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "quipu-header-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw Error(ErrorCode::io,
                  printable(name) + ": cannot make the folder: " + std::strerror(errno));
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// A file of the full size of which only the beginning is there.
class Beginning {
 public:
  Beginning(const fs::path& folder, const HubFile& file) : file_(file), path_(folder / file.name) {
    fs::create_directories(path_.parent_path());
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor_ < 0 || ::ftruncate(descriptor_, static_cast<off_t>(file.bytes)) != 0) fail();
  }
  Beginning(Beginning&& other) noexcept
      : file_(other.file_), path_(std::move(other.path_)),
        descriptor_(std::exchange(other.descriptor_, -1)), present_(other.present_) {}
  ~Beginning() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  const fs::path& path() const { return path_; }
  bool whole() const { return present_ == file_.bytes; }
  std::uint64_t present() const { return present_; }

  void grow(Hub& hub, const HubListing& listing, std::uint64_t bytes) {
    const std::uint64_t more = std::min(bytes, file_.bytes) - present_;
    const std::string data = hub.read(listing, file_, present_, more);
    for (std::size_t done = 0; done < data.size();) {
      const ssize_t count = ::pwrite(descriptor_, data.data() + done, data.size() - done,
                                     static_cast<off_t>(present_ + done));
      if (count <= 0) fail();
      done += static_cast<std::size_t>(count);
    }
    present_ += more;
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorCode::io,
                printable(path_.string()) + ": cannot write: " + std::strerror(errno));
  }

  const HubFile& file_;
  fs::path path_;
  int descriptor_ = -1;
  std::uint64_t present_ = 0;
};

// Data follow the header: where the first tensor lies in what is there, the header does, too. What
// a loader made of a hole lies behind it.
bool is_complete(const ModelFile& file, const std::vector<Beginning>& parts) {
  std::vector<std::uint64_t> first(parts.size(), ~std::uint64_t{0});
  for (const TensorEntry& tensor : file.tensors())
    first.at(tensor.part) = std::min(first.at(tensor.part), tensor.offset);
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].whole() && first[i] > parts[i].present()) return false;
  return true;
}

}  // namespace

std::shared_ptr<const ModelFile> open_header(Hub& hub, const HubListing& listing,
                                             const HubModel& model, Registry& registry) {
  const ScratchFolder folder;
  std::vector<Beginning> parts;
  for (const HubFile& part : model.parts) parts.emplace_back(folder.path(), part);
  for (std::uint64_t bytes = first_bytes;; bytes *= 2) {
    if (bytes > most_bytes)
      throw Error(ErrorCode::invalid,
                  printable(model.parts.front().name) + ": expected a header of at most " +
                      std::to_string(most_bytes) + " bytes, found a longer one");
    for (Beginning& part : parts) part.grow(hub, listing, bytes);
    try {
      auto file = ModelFile::open(parts.front().path(), registry);
      if (is_complete(*file, parts)) return file;
    } catch (const Error& error) {
      const bool all = std::ranges::all_of(parts, &Beginning::whole);
      if (error.code() != ErrorCode::invalid || all) throw;
    }
  }
}

}  // namespace quipu::app
