// Opens model files through loader plugins.
#include "quipu/model_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

// What loaders see of a file before one is chosen.
std::vector<std::uint8_t> read_head(const std::filesystem::path& path) {
  struct Descriptor {
    int value;
    ~Descriptor() {
      if (value >= 0) ::close(value);
    }
  };
  const auto cannot = [&](const char* what) {
    return Error(ErrorCode::io,
                 printable(path.string()) + ": cannot " + what + ": " + std::strerror(errno));
  };
  // Non-blocking, so that opening a FIFO does not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.value < 0) throw cannot("open");
  struct stat status {};
  if (::fstat(file.value, &status) != 0) throw cannot("read");
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::invalid, printable(path.string()) + ": expected a regular file");
  std::vector<std::uint8_t> head(4096);
  const ssize_t count = ::pread(file.value, head.data(), head.size(), 0);
  if (count < 0) throw cannot("read");
  head.resize(static_cast<std::size_t>(count));
  return head;
}

class Opened final : public ModelFile, private Metadata {
 public:
  Opened(const quipu_loader& loader, const std::filesystem::path& path) : loader_(loader) {
    const std::string name = path.string();
    Registry::check(loader_.open({name.data(), name.size()}, &file_), name);
    try {
      read_parts();
      read_tensors();
      read_keys();
    } catch (...) {
      loader_.close(file_);
      throw;
    }
  }
  ~Opened() override { loader_.close(file_); }

  const Metadata& metadata() const override { return *this; }
  const std::vector<TensorEntry>& tensors() const override { return tensors_; }
  const TensorEntry* tensor(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &tensors_[found->second];
  }
  const std::vector<ModelPart>& parts() const override { return parts_; }
  std::string container() const override {
    quipu_str text{};
    Registry::check(loader_.describe(file_, &text), "describe");
    return {text.data, text.size};
  }
  std::string_view loader() const override { return loader_.name; }
  void populate(std::uint32_t threads) const override {
    if (QUIPU_HAS(&loader_, populate))
      Registry::check(loader_.populate(file_, threads), "populate");
  }

 private:
  std::size_t size() const override { return keys_.size(); }
  std::pair<std::string_view, quipu_value> at(std::size_t index) const override {
    return keys_[index];
  }
  std::optional<quipu_value> find(std::string_view key) const override {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return {};
    return keys_[found->second].second;
  }
  void elements(const quipu_value& array, std::uint64_t first,
                std::span<quipu_value> out) const override {
    Registry::check(loader_.elements(file_, &array, first, out.size(), out.data()),
                    "metadata array");
  }

  void read_parts() {
    for (std::uint32_t i = 0; i < loader_.part_count(file_); ++i) {
      quipu_str path{};
      std::uint64_t bytes = 0;
      Registry::check(loader_.part(file_, i, &path, &bytes), "part");
      parts_.push_back({std::string(path.data, path.size), bytes});
    }
  }

  void read_tensors() {
    const std::uint64_t count = loader_.tensor_count(file_);
    tensors_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      quipu_tensor_entry entry{};
      entry.size = sizeof entry;
      Registry::check(loader_.tensor(file_, i, &entry), "tensor");
      const std::uint32_t rank = std::clamp(entry.rank, 1u, 4u);
      tensors_.push_back({std::string(entry.name.data, entry.name.size),
                          std::string(entry.type.data, entry.type.size),
                          {entry.shape, entry.shape + rank},
                          static_cast<const std::byte*>(entry.data),
                          entry.available,
                          entry.file,
                          entry.offset});
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) by_name_.emplace(tensors_[i].name, i);
  }

  void read_keys() {
    const std::uint64_t count = loader_.metadata_count(file_);
    keys_.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      quipu_str key{};
      quipu_value value{};
      Registry::check(loader_.metadata(file_, i, &key, &value), "metadata");
      keys_.emplace_back(std::string_view(key.data, key.size), value);
      by_key_.emplace(keys_.back().first, i);
    }
  }

  const quipu_loader& loader_;
  quipu_file* file_ = nullptr;
  std::vector<ModelPart> parts_;
  std::vector<TensorEntry> tensors_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<std::pair<std::string_view, quipu_value>> keys_;
  std::unordered_map<std::string_view, std::size_t> by_key_;
};

// The one model of a directory: its only file, or the only first part.
std::filesystem::path model_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    const bool later_part =
        name.find("-of-") != std::string::npos && name.find("-00001-of-") == std::string::npos;
    if (entry.is_regular_file(error) && !later_part) found.push_back(entry.path());
  }
  if (error)
    throw Error(ErrorCode::io, printable(directory.string()) + ": cannot list: " + error.message());
  if (found.size() != 1)
    throw Error(ErrorCode::invalid, printable(directory.string()) +
                                        ": expected a directory that holds one model, found " +
                                        std::to_string(found.size()) + " files");
  return found[0];
}

}  // namespace

ModelFile::~ModelFile() = default;

std::shared_ptr<const ModelFile> ModelFile::open(const std::filesystem::path& path,
                                                 Registry& registry) {
  std::error_code error;
  const auto file = std::filesystem::is_directory(path, error) ? model_in(path) : path;
  const auto head = read_head(file);
  const std::string name = file.string();
  const quipu_loader* best = nullptr;
  int certainty = 0;
  for (const quipu_loader* loader : registry.loaders(head)) {
    const int sure = loader->probe(head.data(), head.size(), {name.data(), name.size()});
    if (sure > certainty) {
      certainty = sure;
      best = loader;
    }
  }
  if (!best) {
    std::string known;
    for (const auto& item : registry.items(PluginKind::loader))
      known += (known.empty() ? "" : ", ") + item;
    throw Error(ErrorCode::invalid,
                printable(name) + ": expected a model (" + known + "), found no such thing");
  }
  return std::make_shared<Opened>(*best, file);
}

std::string ModelFile::architecture() const {
  const auto name = metadata().text("general.architecture");
  if (!name)
    throw Error(ErrorCode::invalid, "general.architecture: expected a string, found no such key");
  return std::string(*name);
}

}  // namespace quipu
