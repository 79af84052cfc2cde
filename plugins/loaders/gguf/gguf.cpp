// GGUF: one file, or the parts NAME-00001-of-0000N.gguf of a split model. The first part has the
// metadata.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <unordered_set>

#include "container.h"
#include "quipu/sdk/loader.h"

namespace gguf {
namespace {

class Gguf {
 public:
  static constexpr std::string_view name = "gguf";

  static int probe(std::span<const std::uint8_t> head, std::string_view) {
    return head.size() >= 4 && std::memcmp(head.data(), "GGUF", 4) == 0 ? 100 : 0;
  }

  static std::unique_ptr<Gguf> open(std::string_view path) {
    auto model = std::make_unique<Gguf>();
    model->parts_.emplace_back(std::string(path));
    model->open_other_parts();
    model->collect();
    return model;
  }

  std::uint64_t metadata_count() const { return first().entries().size(); }

  void metadata(std::uint64_t index, quipu_str& key, quipu_value& value) const {
    const Entry& entry = first().entries()[index];
    key = quipu::sdk::str(entry.key);
    value = entry.value.value;
    if (entry.value.array >= 0)
      value.as.array = &first().arrays()[static_cast<std::size_t>(entry.value.array)];
  }

  void elements(const quipu_value& array, std::uint64_t from, std::span<quipu_value> out) const {
    read_elements(*static_cast<const Array*>(array.as.array), from, out);
  }

  std::uint64_t tensor_count() const { return tensors_.size(); }

  void tensor(std::uint64_t index, quipu_tensor_entry& entry) const {
    const auto [part, info] = tensors_[index];
    const Mapping& mapping = parts_[part].mapping();
    entry.rank = info->rank;
    std::ranges::copy(info->shape, entry.shape);
    entry.name = quipu::sdk::str(info->name);
    entry.type = quipu::sdk::str(info->type);
    entry.data = mapping.data() + info->offset;
    entry.available = mapping.size() - info->offset;
    entry.file = part;
    entry.offset = info->offset;
  }

  std::uint32_t part_count() const { return static_cast<std::uint32_t>(parts_.size()); }

  void part(std::uint32_t index, quipu_str& path, std::uint64_t& bytes) const {
    path = quipu::sdk::str(parts_[index].path());
    bytes = parts_[index].mapping().size();
  }

  quipu_str describe() const { return quipu::sdk::str(description_); }

  void populate(std::uint32_t threads) const {
    for (const Container& part : parts_)
      if (part.data_start() < part.mapping().size())
        part.mapping().populate(part.data_start(), part.mapping().size() - part.data_start(),
                                threads);
  }

 private:
  const Container& first() const { return parts_.front(); }

  void open_other_parts() {
    const std::uint64_t count = first().integer("split.count", 1);
    const std::uint64_t number = first().integer("split.no", 0);
    if (count <= 1) return;
    if (count > 99999)
      throw Error(QUIPU_E_INVALID, quoted(first().path()) +
                                       ": 'split.count': expected at most 99999, found " +
                                       std::to_string(count));
    if (number != 0)
      throw Error(QUIPU_E_INVALID, quoted(first().path()) +
                                       ": expected the first part of a split model, found part " +
                                       std::to_string(number + 1) + " of " + std::to_string(count));
    char suffix[32];
    std::snprintf(suffix, sizeof suffix, "-00001-of-%05llu.gguf",
                  static_cast<unsigned long long>(count));
    const std::string path = first().path();
    if (!path.ends_with(suffix))
      throw Error(QUIPU_E_INVALID, quoted(path) + ": part 1 of " + std::to_string(count) +
                                       ": expected a name that ends in " + suffix);
    const std::string stem = path.substr(0, path.size() - std::strlen(suffix));
    for (std::uint64_t i = 1; i < count; ++i) {
      std::snprintf(suffix, sizeof suffix, "-%05llu-of-%05llu.gguf",
                    static_cast<unsigned long long>(i + 1), static_cast<unsigned long long>(count));
      parts_.emplace_back(stem + suffix);
      if (parts_.back().integer("split.no", 0) != i)
        throw Error(QUIPU_E_INVALID, quoted(parts_.back().path()) + ": 'split.no': expected " +
                                         std::to_string(i) + ", found " +
                                         std::to_string(parts_.back().integer("split.no", 0)));
    }
  }

  void collect() {
    std::unordered_set<std::string_view> names;
    for (std::uint32_t part = 0; part < parts_.size(); ++part)
      for (const TensorInfo& tensor : parts_[part].tensors()) {
        if (!names.insert(tensor.name).second)
          throw Error(QUIPU_E_INVALID, quoted(parts_[part].path()) + ": tensor " +
                                           quoted(tensor.name) +
                                           ": expected in one part, found in two");
        tensors_.push_back({part, &tensor});
      }
    const std::uint64_t expected = first().integer("split.tensors.count", tensors_.size());
    if (parts_.size() > 1 && expected != tensors_.size())
      throw Error(QUIPU_E_INVALID, quoted(first().path()) + ": 'split.tensors.count': expected " +
                                       std::to_string(expected) + " tensors in all parts, found " +
                                       std::to_string(tensors_.size()));
    description_ = "GGUF v" + std::to_string(first().version());
  }

  struct Placed {
    std::uint32_t part;
    const TensorInfo* info;
  };

  std::deque<Container> parts_;  // a deque, so that views into a part stay when others are added
  std::vector<Placed> tensors_;
  std::string description_;
};

}  // namespace
}  // namespace gguf

QUIPU_LOADER_PLUGIN(gguf::Gguf, "0.1.0", "Apache-2.0", "gguf@0=47475546");
