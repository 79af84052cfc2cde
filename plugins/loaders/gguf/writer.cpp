#include "writer.h"

#include <algorithm>
#include <charconv>

#include "../shared/text.h"
#include "mixes.h"
#include "split.h"

namespace gguf {

using loaders::quoted;

namespace {

constexpr std::uint32_t quantization_version = 2;  // of the block formats of GGML in use

// "gguf:12" says 12.
std::uint32_t type_number(const quipu_tensor_entry& tensor) {
  constexpr std::string_view prefix = "gguf:";
  const std::string_view type = quipu::sdk::view(tensor.type);
  std::uint32_t number = 0;
  const char* const end = type.data() + type.size();
  if (type.starts_with(prefix)) {
    const auto [stop, error] = std::from_chars(type.data() + prefix.size(), end, number);
    if (error == std::errc{} && stop == end) return number;
  }
  throw Error(QUIPU_E_UNSUPPORTED, "tensor " + quoted(quipu::sdk::view(tensor.name)) +
                                       ": expected a type of GGUF (gguf:NUMBER), found " +
                                       quoted(type));
}

KeyList model_keys(const quipu_contents& contents, const Container* source) {
  KeyList keys;
  if (source)
    for (const Entry& entry : source->entries())
      if (!entry.key.starts_with("split.")) keys.copy(entry);
  const bool copies = !source || (contents.mix && !contents.mix->type);
  if (!copies) {
    keys.set_integer("general.quantization_version", Type::u32, quantization_version);
    keys.remove("general.file_type");
    if (contents.mix)
      keys.set_integer("general.file_type", Type::u32,
                       static_cast<std::uint32_t>(number_of(*contents.mix)));
  }
  for (std::uint64_t i = 0; i < contents.key_count; ++i) {
    const quipu_key& key = contents.keys[i];
    keys.set(quipu::sdk::view(key.key), key.value, key.elements);
  }
  return keys;
}

// The types are those that llama.cpp writes and asks for.
void add_split_keys(KeyList& keys, std::uint32_t number, const quipu_contents& contents) {
  keys.set_integer("split.no", Type::u16, number);
  keys.set_integer("split.count", Type::u16, contents.part_count);
  keys.set_integer("split.tensors.count", Type::i32,
                   static_cast<std::uint32_t>(contents.tensor_count));
}

}  // namespace

Writer::Writer(std::string_view path, const quipu_contents& contents, const Container* source)
    : alignment_(source ? source->integer(alignment_key, default_alignment) : default_alignment) {
  const std::vector<std::string> paths = part_paths(std::string(path), contents.part_count);
  std::uint64_t next = 0;
  for (std::uint32_t number = 0; number < paths.size(); ++number) {
    KeyList keys;
    if (number == 0) keys = model_keys(contents, source);
    if (alignment_ != default_alignment)
      keys.set_integer(alignment_key, Type::u32, static_cast<std::uint32_t>(alignment_));
    if (paths.size() > 1) add_split_keys(keys, number, contents);
    Part part{paths[number], {}, {}};
    std::vector<NewTensor> tensors;
    for (; next < contents.tensor_count && contents.tensors[next].file == number; ++next) {
      const quipu_tensor_entry& tensor = contents.tensors[next];
      tensors.push_back({quipu::sdk::view(tensor.name), tensor.rank, tensor.shape,
                         type_number(tensor), tensor.available});
      part.sizes.push_back(tensor.available);
    }
    part.header = header(keys, tensors, alignment_);
    parts_.push_back(std::move(part));
  }
  if (next != contents.tensor_count)
    throw Error(QUIPU_E_ARGUMENT, "tensors: expected those of part 1 first, then those of part 2");
  begin_part();
  skip_what_is_whole();
}

void Writer::begin_part() {
  Part& part = parts_[part_];
  files_.emplace_back(part.path).write(std::as_bytes(std::span(part.header)));
  part.header = {};
  tensor_ = 0;
  written_ = 0;
}

// Goes on to the next tensor that lacks bytes, in the next part when there is none in this.
void Writer::skip_what_is_whole() {
  while (!at_end()) {
    const std::vector<std::uint64_t>& sizes = parts_[part_].sizes;
    if (tensor_ == sizes.size()) {
      files_.back().close();
      if (++part_ < parts_.size()) begin_part();
    } else if (written_ == sizes[tensor_]) {
      const std::vector<std::byte> zeros(aligned(written_, alignment_) - written_);
      files_.back().write(zeros);
      ++tensor_;
      written_ = 0;
    } else {
      return;
    }
  }
}

void Writer::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (at_end()) throw Error(QUIPU_E_ARGUMENT, "append: expected the tensors' bytes and no more");
    const std::uint64_t room = parts_[part_].sizes[tensor_] - written_;
    const auto now = bytes.first(std::min<std::uint64_t>(room, bytes.size()));
    files_.back().write(now);
    written_ += now.size();
    bytes = bytes.subspan(now.size());
    skip_what_is_whole();
  }
}

void Writer::finish() {
  if (!at_end())
    throw Error(QUIPU_E_ARGUMENT, "finish: expected all bytes of all tensors before, tensor " +
                                      std::to_string(tensor_) + " of part " +
                                      std::to_string(part_ + 1) + " lacks some");
  for (NewFile& file : files_) file.keep();
}

}  // namespace gguf
