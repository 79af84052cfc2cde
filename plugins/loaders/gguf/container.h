// One GGUF file (GGUF specification, versions 2 and 3): header, metadata, tensor infos, data.
//
//   "GGUF"  version  tensor count  key count | key, type, value … | name, rank, shape, type, offset
//   … | padding | data
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mapping.h"
#include "values.h"

namespace gguf {

struct Entry {
  std::string_view key;
  Value value;
};

struct TensorInfo {
  std::string_view name;
  std::uint32_t rank = 1;
  std::array<std::uint64_t, 4> shape{1, 1, 1, 1};
  std::string type;          ///< "gguf:12"
  std::uint64_t offset = 0;  ///< from the start of the file
};

/// A parsed and checked file. Views point into its mapping.
class Container {
 public:
  explicit Container(std::string path);

  const std::string& path() const noexcept { return path_; }
  const Mapping& mapping() const noexcept { return mapping_; }
  std::uint32_t version() const noexcept { return version_; }
  std::uint64_t data_start() const noexcept { return data_start_; }
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  const std::vector<Array>& arrays() const noexcept { return arrays_; }
  const std::vector<TensorInfo>& tensors() const noexcept { return tensors_; }

  /// The integer of a key, or `fallback` when the key is absent; Error when it is something else or
  /// negative.
  std::uint64_t integer(std::string_view key, std::uint64_t fallback) const;

 private:
  void read_metadata(Reader& reader, std::uint64_t count);
  void read_tensors(Reader& reader, std::uint64_t count);
  std::uint64_t alignment(const Reader& reader) const;

  std::string path_;
  Mapping mapping_;
  std::uint32_t version_ = 0;
  std::uint64_t data_start_ = 0;
  std::vector<Entry> entries_;
  std::vector<Array> arrays_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string_view, std::size_t> keys_;
};

}  // namespace gguf
