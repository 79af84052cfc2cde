// Writes small GGUF files for tests (GGUF specification, versions 2 and 3, little endian), and
// damaged ones: every count, offset and raw byte can be set against the rules.
//
//   GgufWriter file;
//   file.add("general.architecture", "llama").add("llama.block_count", 2u);
//   file.add_array<std::string>("tokenizer.ggml.tokens", {"a", "b"});
//   file.add_tensor("output.weight", {2, 3}, std::vector<float>(6, 1.0f));
//   file.write(path);
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quipu::test {

/// A little-endian number as bytes.
template <class Number>
std::string bytes_of(Number value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

class GgufWriter {
 public:
  std::uint32_t version = 3;
  std::uint32_t alignment = 32;  ///< of the layout; use align() to say so in the file too
  std::optional<std::uint64_t> key_count, tensor_count;  ///< instead of the true ones

  /// A string, a bool, or a number of exactly that type.
  template <class Value>
  GgufWriter& add(std::string_view key, const Value& value) {
    return add_raw(key, type_of<Value>(), encode(value));
  }

  template <class Value>
  GgufWriter& add_array(std::string_view key, const std::vector<Value>& values) {
    std::string bytes = bytes_of(type_of<Value>()) + bytes_of<std::uint64_t>(values.size());
    for (const Value& value : values) bytes += encode(value);
    return add_raw(key, 9, bytes);
  }

  /// A value as its bytes in the file.
  GgufWriter& add_raw(std::string_view key, std::uint32_t type, std::string_view bytes) {
    keys_.push_back(encode(key) + bytes_of(type) + std::string(bytes));
    return *this;
  }

  GgufWriter& align(std::uint32_t bytes) {
    alignment = bytes;
    return add("general.alignment", bytes);
  }

  /// shape[0] is the contiguous axis. `offset` replaces the one that the layout gives.
  GgufWriter& add_tensor(std::string_view name, std::vector<std::uint64_t> shape,
                         std::uint32_t type, std::string_view data,
                         std::optional<std::uint64_t> offset = {}) {
    tensors_.push_back({std::string(name), std::move(shape), type, std::string(data), offset});
    return *this;
  }

  /// Of type F32.
  GgufWriter& add_tensor(std::string_view name, std::vector<std::uint64_t> shape,
                         const std::vector<float>& values) {
    std::string data(values.size() * sizeof(float), '\0');
    std::memcpy(data.data(), values.data(), data.size());
    return add_tensor(name, std::move(shape), 0, data);
  }

  /// Everything before the tensor data, padded.
  std::string header() const {
    std::string out = "GGUF" + bytes_of(version) +
                      bytes_of<std::uint64_t>(tensor_count.value_or(tensors_.size())) +
                      bytes_of<std::uint64_t>(key_count.value_or(keys_.size()));
    for (const std::string& key : keys_) out += key;
    std::uint64_t offset = 0;
    for (const Tensor& tensor : tensors_) {
      out += encode(tensor.name) + bytes_of<std::uint32_t>(tensor.shape.size());
      for (const std::uint64_t length : tensor.shape) out += bytes_of(length);
      out += bytes_of(tensor.type) + bytes_of(tensor.offset.value_or(offset));
      offset += padded(tensor.data).size();
    }
    return padded(out);
  }

  std::string bytes() const {
    std::string out = header();
    for (const Tensor& tensor : tensors_) out += padded(tensor.data);
    return out;
  }

  void write(const std::filesystem::path& path) const {
    std::ofstream(path, std::ios::binary) << bytes();
  }

 private:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> shape;
    std::uint32_t type;
    std::string data;
    std::optional<std::uint64_t> offset;
  };

  template <class Value>
  static constexpr std::uint32_t type_of() {
    if constexpr (std::is_convertible_v<Value, std::string_view>)
      return 8;
    else if constexpr (std::is_same_v<Value, bool>)
      return 7;
    else if constexpr (std::is_same_v<Value, float>)
      return 6;
    else if constexpr (std::is_same_v<Value, double>)
      return 12;
    else {
      static_assert(std::is_integral_v<Value>);
      constexpr std::uint32_t is_signed = std::is_signed_v<Value>;
      switch (sizeof(Value)) {
      case 1:
        return 0 + is_signed;
      case 2:
        return 2 + is_signed;
      case 4:
        return 4 + is_signed;
      default:
        return 10 + is_signed;
      }
    }
  }

  template <class Value>
  static std::string encode(const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) {
      const std::string_view text(value);
      return bytes_of<std::uint64_t>(text.size()) + std::string(text);
    } else {
      return bytes_of(value);
    }
  }

  std::string padded(std::string bytes) const {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    return bytes;
  }

  std::vector<std::string> keys_;
  std::vector<Tensor> tensors_;
};

}  // namespace quipu::test
