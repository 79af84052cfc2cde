// A copy of a model file in memory, to be changed and written again.
//
//   ModelCopy copy(*ModelFile::open(path, registry));
//   copy.set("llama.block_count", -1);
//   copy.erase_tensor("output_norm.weight");
//   copy.write(changed);
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quipu/model_file.h"
#include "support/gguf_writer.h"

namespace quipu::test {

class ModelCopy {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> shape;
    std::uint32_t type;
    std::string data;
  };

  std::vector<Tensor> tensors;

  /// Tensors must be of type F32. Integers are written in 32 bits.
  explicit ModelCopy(const ModelFile& file) {
    const Metadata& metadata = file.metadata();
    for (std::size_t i = 0; i < metadata.size(); ++i) copy_key(metadata, i);
    for (const TensorEntry& entry : file.tensors()) {
      std::size_t bytes = sizeof(float);
      for (const std::uint64_t axis : entry.shape) bytes *= axis;
      tensors.push_back(
          {entry.name, entry.shape, 0, {reinterpret_cast<const char*>(entry.data), bytes}});
    }
  }

  std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (const auto& [key, add] : keys_) names.push_back(key);
    return names;
  }

  template <class Value>
  ModelCopy& set(const std::string& key, const Value& value) {
    return put(key, [=](GgufWriter& writer) { writer.add(key, value); });
  }
  ModelCopy& set(const std::string& key, const char* value) { return set(key, std::string(value)); }
  template <class Value>
  ModelCopy& set(const std::string& key, const std::vector<Value>& values) {
    return put(key, [=](GgufWriter& writer) { writer.add_array(key, values); });
  }
  ModelCopy& erase(const std::string& key) {
    std::erase_if(keys_, [&](const auto& entry) { return entry.first == key; });
    return *this;
  }

  Tensor* tensor(std::string_view name) {
    for (Tensor& each : tensors)
      if (each.name == name) return &each;
    return nullptr;
  }
  ModelCopy& erase_tensor(std::string_view name) {
    std::erase_if(tensors, [&](const Tensor& each) { return each.name == name; });
    return *this;
  }

  GgufWriter writer() const {
    GgufWriter out;
    for (const auto& [key, add] : keys_) add(out);
    for (const Tensor& each : tensors) out.add_tensor(each.name, each.shape, each.type, each.data);
    return out;
  }
  void write(const std::filesystem::path& path) const { writer().write(path); }

 private:
  using Add = std::function<void(GgufWriter&)>;

  ModelCopy& put(const std::string& key, Add add) {
    for (auto& [name, before] : keys_)
      if (name == key) {
        before = std::move(add);
        return *this;
      }
    keys_.emplace_back(key, std::move(add));
    return *this;
  }

  template <class Number>
  static std::vector<Number> cast(const std::vector<std::int64_t>& numbers) {
    std::vector<Number> out;
    for (const std::int64_t number : numbers) out.push_back(static_cast<Number>(number));
    return out;
  }

  void copy_key(const Metadata& metadata, std::size_t index) {
    const auto [view, value] = metadata.at(index);
    const std::string key(view);
    const bool many = value.type == QUIPU_VALUE_ARRAY;
    switch (many ? value.element_type : value.type) {
    case QUIPU_VALUE_UNSIGNED:
      many ? set(key, cast<std::uint32_t>(*metadata.integers(key)))
           : set(key, static_cast<std::uint32_t>(value.as.u));
      break;
    case QUIPU_VALUE_SIGNED:
      many ? set(key, cast<std::int32_t>(*metadata.integers(key)))
           : set(key, static_cast<std::int32_t>(value.as.i));
      break;
    case QUIPU_VALUE_FLOAT:
      many ? set(key, *metadata.numbers(key)) : set(key, static_cast<float>(value.as.f));
      break;
    case QUIPU_VALUE_BOOL:
      set(key, value.as.u != 0);
      break;
    default:
      if (many) {
        const auto texts = *metadata.texts(key);
        set(key, std::vector<std::string>(texts.begin(), texts.end()));
      } else {
        set(key, std::string(*metadata.text(key)));
      }
    }
  }

  std::vector<std::pair<std::string, Add>> keys_;
};

}  // namespace quipu::test
