// A model as its container describes it: metadata and tensors, checked, nothing computed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/abi/loader.h"

namespace quipu {

class Registry;

/// Metadata of a model. Views point into the mapped file and live as long as the ModelFile.
/// Thread-safe.
class Metadata {
 public:
  virtual ~Metadata();
  virtual std::size_t size() const = 0;
  virtual std::pair<std::string_view, quipu_value> at(std::size_t index) const = 0;
  virtual std::optional<quipu_value> find(std::string_view key) const = 0;
  /// Elements first … first + out.size() - 1 of an array.
  virtual void elements(const quipu_value& array, std::uint64_t first,
                        std::span<quipu_value> out) const = 0;

  // Typed access; each throws Error{invalid} naming the key, the type expected and the type found.
  // The optional ones give nullopt only when the key is absent.
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::vector<std::string_view>> texts(std::string_view key) const;
  std::optional<std::vector<float>> numbers(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
};

/// A tensor of the file. `data` is null when the file holds none.
struct TensorEntry {
  std::string name;
  std::string type;                  ///< "gguf:12"
  std::vector<std::uint64_t> shape;  ///< shape[0] is the contiguous axis
  const std::byte* data;
  std::uint64_t available;  ///< bytes from data to the end of its file
  std::uint32_t part;
  std::uint64_t offset;
};

struct ModelPart {
  std::filesystem::path path;
  std::uint64_t bytes;
};

/// An open model file (or all parts of a split one). Immutable; keep it as long as anything made
/// from it.
class ModelFile {
 public:
  /// Finds the loader by the file's first bytes. `path` may be the first part of a split model, or
  /// a directory that holds one model. Throws io, invalid or unsupported; never waits on a FIFO or
  /// device.
  static std::shared_ptr<const ModelFile> open(const std::filesystem::path& path,
                                               Registry& registry);
  /// The models of a directory by name, of split ones the first part: files that a loader knows by
  /// their first bytes, or whose name ends in a loader's ("x.gguf"), be they damaged or not. Throws
  /// io when it cannot be listed.
  static std::vector<std::filesystem::path> in_directory(const std::filesystem::path& directory,
                                                         Registry& registry);
  virtual ~ModelFile();

  virtual const Metadata& metadata() const = 0;
  virtual const std::vector<TensorEntry>& tensors() const = 0;
  virtual const TensorEntry* tensor(std::string_view name) const = 0;
  virtual const std::vector<ModelPart>& parts() const = 0;
  virtual std::string container() const = 0;  ///< "GGUF v3"
  virtual std::string_view loader() const = 0;
  /// Table and file, for what is passed back to the loader; null when it came from none.
  virtual const quipu_loader* table() const { return nullptr; }
  virtual const quipu_file* handle() const { return nullptr; }
  virtual void populate(std::uint32_t threads) const = 0;
  /// Bytes of a tensor that are not needed again soon: they no longer take memory, where the loader
  /// can see to it.
  virtual void release(std::span<const std::byte>) const {}

  /// general.architecture; throws invalid when absent or not a string.
  std::string architecture() const;
};

/// Loads the codecs of the tensor types that are present and checks that every tensor lies within
/// its file, on bytes of its own. Throws invalid with the first problem and the number of others,
/// else unsupported for a type without a codec.
void validate(const ModelFile& file, Registry& registry);

}  // namespace quipu
