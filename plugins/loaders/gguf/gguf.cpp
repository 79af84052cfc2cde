// GGUF models: one file, or the parts of a split one, the first of which has the metadata.
#include "quipu/sdk/loader.h"

#include <algorithm>
#include <deque>

#include "../shared/mapping.h"
#include "../shared/text.h"
#include "choose_types.h"
#include "container.h"
#include "mixes.h"
#include "split.h"
#include "writer.h"

namespace gguf {

using loaders::quoted, loaders::find_duplicate, loaders::Mapping;

namespace {

struct Part {
  explicit Part(const std::string& path) : mapping(path), container(mapping.bytes(), path) {}

  Mapping mapping;
  Container container;
};

class Gguf {
 public:
  static constexpr std::string_view name = "gguf";

  static int probe(std::span<const std::uint8_t> head, std::string_view) {
    return head.size() >= 4 && std::memcmp(head.data(), "GGUF", 4) == 0 ? 100 : 0;
  }

  static std::unique_ptr<Gguf> open(std::string_view path) {
    return std::make_unique<Gguf>(std::string(path));
  }

  explicit Gguf(const std::string& path) {
    parts_.emplace_back(path);
    for (const std::string& other : other_parts(first())) {
      parts_.emplace_back(other);
      check_part(parts_.back().container, first(), parts_.size() - 1);
    }
    collect_tensors();
    description_ = "GGUF v" + std::to_string(first().version());
  }

  std::uint64_t metadata_count() const { return first().entries().size(); }

  void metadata(std::uint64_t index, quipu_str& key, quipu_value& value) const {
    const Entry& entry = first().entries()[index];
    key = quipu::sdk::str(entry.key);
    value = entry.value;
  }

  void elements(const quipu_value& array, std::uint64_t from, std::span<quipu_value> out) const {
    copy_elements(*static_cast<const Array*>(array.as.array), from, out);
  }

  std::uint64_t tensor_count() const { return tensors_.size(); }

  void tensor(std::uint64_t index, quipu_tensor_entry& entry) const {
    const auto [part, info] = tensors_[index];
    const std::span<const std::byte> bytes = parts_[part].mapping.bytes();
    entry.rank = info->rank;
    std::ranges::copy(info->shape, entry.shape);
    entry.name = quipu::sdk::str(info->name);
    entry.type = quipu::sdk::str(info->type);
    entry.data = bytes.data() + info->offset;
    entry.available = bytes.size() - info->offset;
    entry.file = part;
    entry.offset = info->offset;
  }

  std::uint32_t part_count() const { return static_cast<std::uint32_t>(parts_.size()); }

  void part(std::uint32_t index, quipu_str& path, std::uint64_t& bytes) const {
    path = quipu::sdk::str(parts_[index].container.path());
    bytes = parts_[index].mapping.bytes().size();
  }

  void release(std::span<const std::byte> data) const noexcept { loaders::release(data); }

  static constexpr auto& mixes = gguf::mixes;

  void choose_types(const quipu_choice& choice, std::span<quipu_str> types,
                    std::span<std::uint8_t> needs_importance) const {
    std::vector<const TensorInfo*> tensors;
    for (const Placed& placed : tensors_) tensors.push_back(placed.info);
    gguf::choose_types(first(), tensors, choice, types, needs_importance);
  }

  struct Writer : gguf::Writer {
    Writer(std::string_view path, const quipu_contents& contents)
        : gguf::Writer(path, contents,
                       contents.source ? &quipu::sdk::loader_of<Gguf>(contents.source).first()
                                       : nullptr) {}
  };

  quipu_str describe() const { return quipu::sdk::str(description_); }

  void populate(std::uint32_t threads) const {
    std::vector<std::span<const std::byte>> ranges;
    for (const Part& part : parts_) ranges.push_back(part.container.data());
    loaders::populate(ranges, threads);
  }

 private:
  struct Placed {
    std::uint32_t part;
    const TensorInfo* info;
  };

  const Container& first() const { return parts_.front().container; }

  void collect_tensors() {
    std::vector<std::string_view> names;
    for (std::uint32_t part = 0; part < parts_.size(); ++part)
      for (const TensorInfo& tensor : parts_[part].container.tensors()) {
        tensors_.push_back({part, &tensor});
        names.push_back(tensor.name);
      }
    const std::uint64_t expected = first().integer("split.tensors.count", tensors_.size());
    if (expected != tensors_.size())
      throw Error(QUIPU_E_INVALID, first().path() + ": key 'split.tensors.count': expected " +
                                       std::to_string(expected) + " tensors in all parts, found " +
                                       std::to_string(tensors_.size()));
    if (parts_.size() == 1) return;
    if (const auto duplicate = find_duplicate(names))
      throw Error(QUIPU_E_INVALID, parts_[tensors_[*duplicate].part].container.path() +
                                       ": tensor " + quoted(names[*duplicate]) +
                                       ": expected in one part, found in two");
  }

  std::deque<Part> parts_;  // a deque, so that views into a part stay when others are added
  std::vector<Placed> tensors_;
  std::string description_;
};

}  // namespace
}  // namespace gguf

QUIPU_LOADER_PLUGIN(gguf::Gguf, "0.1.0", "Apache-2.0", "gguf@0=47475546");
