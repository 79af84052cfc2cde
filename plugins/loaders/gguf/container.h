// One GGUF file: header, metadata, tensor infos. Versions 2 and 3, little endian. Facts: the GGUF
// specification (ggml/docs/gguf.md).
//
//   "GGUF"  version  tensor count  key count   key …  tensor …  padding  data
//   4       u32      u64           u64
//
//   key:    text name, u32 type, value           text: u64 length, bytes
//   tensor: text name, u32 rank, u64 shape[rank], u32 type, u64 offset from the start of data
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "values.h"

namespace gguf {

// Of the specification.
constexpr std::size_t longest_tensor_name = 64;
constexpr std::string_view alignment_key = "general.alignment";
constexpr std::uint64_t default_alignment = 32;

struct Entry {
  std::string_view key;
  quipu_value value;
  std::span<const std::byte> stored;  ///< the type and the value, as in the file
};

struct TensorInfo {
  std::string_view name;
  std::uint32_t rank;
  std::array<std::uint64_t, 4> shape;
  std::string_view type;  ///< "gguf:12"
  std::uint64_t offset;   ///< from the start of the file, where at least one byte is left
};

/// What a file says, all of it checked. Takes time and memory in proportion to the bytes that are
/// there, whatever the counts claim.
class Container {
 public:
  /// `bytes` are all of the file and must outlive the container; `path` names it in messages.
  /// Throws Error that names key or tensor, byte, what was expected and what was found.
  Container(std::span<const std::byte> bytes, std::string path);
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::uint32_t version() const noexcept { return version_; }
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  const std::vector<TensorInfo>& tensors() const noexcept { return tensors_; }
  /// The tensors' bytes and all that follows them; empty without tensors.
  std::span<const std::byte> data() const noexcept { return data_; }

  /// The integer of a key, or `fallback` when the key is absent; Error when it is something else or
  /// negative.
  std::uint64_t integer(std::string_view key, std::uint64_t fallback) const;

 private:
  struct Counts {
    std::uint64_t tensors, keys;
  };

  Counts read_header(Reader& reader);
  std::uint64_t read_metadata(Reader& reader, std::uint64_t count);
  void read_tensors(Reader& reader, std::uint64_t count, std::uint64_t alignment);
  TensorInfo read_tensor(Reader& reader, std::uint64_t index, std::uint64_t alignment);
  void place_tensors(Reader& reader, std::uint64_t alignment);

  const std::string path_;
  const std::span<const std::byte> bytes_;
  std::uint32_t version_ = 0;
  std::vector<Entry> entries_;
  std::deque<Array> arrays_;  // entries point into it
  std::vector<TensorInfo> tensors_;
  std::map<std::uint32_t, std::string> type_names_;  // tensors point into it
  std::span<const std::byte> data_;
};

}  // namespace gguf
