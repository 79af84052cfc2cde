// Opens model files through loader plugins.
#include "quipu/model_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "model/name_index.h"
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
    Registry::check(loader_.open({name.data(), name.size()}, &file_), "");
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
    const auto found = tensor_index_.find(name);
    return found ? &tensors_[*found] : nullptr;
  }
  const std::vector<ModelPart>& parts() const override { return parts_; }
  std::string container() const override {
    quipu_str text{};
    Registry::check(loader_.describe(file_, &text), "describe");
    return {text.data, text.size};
  }
  std::string_view loader() const override { return loader_.name; }
  const quipu_loader* table() const override { return &loader_; }
  const quipu_file* handle() const override { return file_; }
  void populate(std::uint32_t threads) const override {
    if (QUIPU_HAS(&loader_, populate))
      Registry::check(loader_.populate(file_, threads), "populate");
  }
  void release(std::span<const std::byte> data) const override {
    if (QUIPU_HAS(&loader_, release)) loader_.release(file_, data.data(), data.size());
  }

 private:
  std::size_t size() const override { return keys_.size(); }
  std::pair<std::string_view, quipu_value> at(std::size_t index) const override {
    return keys_[index];
  }
  std::optional<quipu_value> find(std::string_view key) const override {
    const auto found = key_index_.find(key);
    if (!found) return {};
    return keys_[*found].second;
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
    std::vector<std::string_view> names;
    for (const TensorEntry& tensor : tensors_) names.push_back(tensor.name);
    tensor_index_ = NameIndex(names);
  }

  void read_keys() {
    const std::uint64_t count = loader_.metadata_count(file_);
    keys_.reserve(count);
    std::vector<std::string_view> names;
    for (std::uint64_t i = 0; i < count; ++i) {
      quipu_str key{};
      quipu_value value{};
      Registry::check(loader_.metadata(file_, i, &key, &value), "metadata");
      keys_.emplace_back(std::string_view(key.data, key.size), value);
      names.push_back(keys_.back().first);
    }
    key_index_ = NameIndex(names);
  }

  const quipu_loader& loader_;
  quipu_file* file_ = nullptr;
  std::vector<ModelPart> parts_;
  std::vector<TensorEntry> tensors_;
  NameIndex tensor_index_;
  std::vector<std::pair<std::string_view, quipu_value>> keys_;
  NameIndex key_index_;
};

// The loader that is surest of a file, or nullptr.
const quipu_loader* choose_loader(const std::filesystem::path& file,
                                  std::span<const std::uint8_t> head, Registry& registry) {
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
  return best;
}

std::shared_ptr<const ModelFile> open_file(const std::filesystem::path& file, Registry& registry) {
  const auto head = read_head(file);
  if (const quipu_loader* loader = choose_loader(file, head, registry))
    return std::make_shared<Opened>(*loader, file);
  std::string known;
  for (const auto& item : registry.items(PluginKind::loader))
    known += (known.empty() ? "" : ", ") + item;
  const std::string_view begin(reinterpret_cast<const char*>(head.data()), head.size());
  throw Error(ErrorCode::invalid,
              printable(file.string()) + ": expected a model (" + known + "), found " +
                  (begin.empty() ? "an empty file"
                                 : "a file that begins with '" + printable(begin, 40) + "'"));
}

// The regular files of a directory.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator entries(directory, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    std::error_code unreadable;
    if (entries->is_regular_file(unreadable)) files.push_back(entries->path());
  }
  if (error)
    throw Error(ErrorCode::io, printable(directory.string()) + ": cannot list: " + error.message());
  return files;
}

bool is_model(const std::filesystem::path& file, Registry& registry) {
  return choose_loader(file, read_head(file), registry) != nullptr;
}

// A directory holds one model when all models in it are parts of the first.
std::shared_ptr<const ModelFile> open_directory(const std::filesystem::path& directory,
                                                Registry& registry) {
  std::set<std::filesystem::path> models;
  for (const auto& file : files_in(directory))
    if (is_model(file, registry)) models.insert(file);
  if (models.empty())
    throw Error(ErrorCode::invalid,
                printable(directory.string()) + ": expected a directory that holds a model");
  const std::filesystem::path first = *models.begin();
  auto opened = open_file(first, registry);
  for (const ModelPart& part : opened->parts()) models.erase(part.path);
  if (models.empty()) return opened;
  throw Error(ErrorCode::invalid, printable(directory.string()) +
                                      ": expected a directory that holds one model, found " +
                                      printable(first.filename().string()) + " and " +
                                      printable(models.begin()->filename().string()));
}

}  // namespace

ModelFile::~ModelFile() = default;

std::shared_ptr<const ModelFile> ModelFile::open(const std::filesystem::path& path,
                                                 Registry& registry) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) ? open_directory(path, registry)
                                                    : open_file(path, registry);
}

std::vector<std::filesystem::path> ModelFile::in_directory(const std::filesystem::path& directory,
                                                           Registry& registry) {
  std::set<std::filesystem::path> left;
  const auto names = registry.items(PluginKind::loader);
  for (const auto& file : files_in(directory)) {
    const std::string ending = file.extension().string();
    const auto is_ending = [&](const std::string& name) { return ending == "." + name; };
    try {
      if (std::ranges::any_of(names, is_ending) || is_model(file, registry)) left.insert(file);
    } catch (const Error&) {
      // Not readable, and not said to be a model.
    }
  }
  std::vector<std::filesystem::path> models;
  while (!left.empty()) {
    models.push_back(left.extract(left.begin()).value());
    try {
      const auto opened = open_file(models.back(), registry);
      for (const ModelPart& part : opened->parts()) left.erase(part.path);
    } catch (const Error&) {
      // Whoever opens it is told what is wrong with it.
    }
  }
  return models;
}

std::string ModelFile::architecture() const {
  const auto name = metadata().text("general.architecture");
  if (!name)
    throw Error(ErrorCode::invalid, "general.architecture: expected a string, found no such key");
  return std::string(*name);
}

}  // namespace quipu
