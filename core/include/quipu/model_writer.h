// New model files, or copies of one with other tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "quipu/model_file.h"

namespace quipu {

struct NewKey {
  std::string key;
  std::variant<std::uint64_t, double, bool, std::string, std::vector<std::string>> value;
};

struct NewTensor {
  std::string name;
  std::string type;                  ///< "gguf:12"
  std::vector<std::uint64_t> shape;  ///< shape[0] is the contiguous axis
  std::uint64_t bytes;
  std::uint32_t part = 0;  ///< those of a part follow each other, rising
};

struct NewModel {
  /// Whose metadata is copied; null: none. Outlives the writer.
  const ModelFile* source = nullptr;
  /// That the tensors are converted to; null: none that has a name. Of the source's loader.
  const quipu_mix* mix = nullptr;
  std::uint32_t part_count = 1;
  std::vector<NewKey> keys;  ///< take the place of the source's, or follow them
  std::vector<NewTensor> tensors;
};

/// A file being written. It gets its name in finish(); without that, nothing is left behind.
class ModelWriter {
 public:
  /// The loader is that of the source, else the one whose name the path ends in (".gguf"). Throws
  /// unsupported when it cannot write, io when the file cannot be created.
  ModelWriter(const std::filesystem::path& path, const NewModel& model, Registry& registry);
  ~ModelWriter();
  ModelWriter(const ModelWriter&) = delete;
  ModelWriter& operator=(const ModelWriter&) = delete;

  /// The next bytes of the tensors' data, in the order of the tensors. Throws io.
  void append(std::span<const std::byte> bytes);
  void finish();

 private:
  const quipu_loader& loader_;
  quipu_writer* writer_ = nullptr;
};

}  // namespace quipu
