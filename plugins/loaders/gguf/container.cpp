#include "container.h"

#include <limits>
#include <unordered_set>

namespace gguf {
namespace {

constexpr std::uint64_t max_key_bytes = 65535;  // GGUF specification
constexpr std::uint64_t max_name_bytes =
    64 * 4;  // the specification says 64; files in use go somewhat beyond

// The smallest that one of each can be: a key of one byte with a one-byte value, a name of one byte
// with one axis.
constexpr std::uint64_t min_entry_bytes = 8 + 1 + 4 + 1;
constexpr std::uint64_t min_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;

std::uint32_t swapped(std::uint32_t x) {
  return __builtin_bswap32(x);
}

void check_name(const Reader& reader, std::string_view name, std::uint64_t limit,
                const char* what) {
  if (name.empty()) reader.fail(std::string(what) + ": expected a name, found none");
  if (name.size() > limit)
    reader.fail(std::string(what) + " " + quoted(name) + ": expected at most " +
                std::to_string(limit) + " bytes, found " + std::to_string(name.size()));
  if (name.find('\0') != std::string_view::npos)
    reader.fail(std::string(what) + " " + quoted(name) + ": expected no NUL byte, found one");
}

}  // namespace

Container::Container(std::string path) : path_(std::move(path)), mapping_(path_) {
  Reader reader(mapping_.data(), mapping_.size(), quoted(path_));
  const std::string_view magic(reinterpret_cast<const char*>(reader.take(4, "magic")), 4);
  if (magic != "GGUF") reader.fail("magic: expected 'GGUF', found " + quoted(magic));
  version_ = reader.read<std::uint32_t>("version");
  if (version_ != 2 && version_ != 3) {
    if (swapped(version_) == 2 || swapped(version_) == 3)
      throw Error(QUIPU_E_UNSUPPORTED,
                  quoted(path_) + ": expected little-endian GGUF, found big-endian");
    if (version_ == 1)
      throw Error(QUIPU_E_UNSUPPORTED, quoted(path_) + ": expected GGUF version 2 or 3, found 1");
    reader.fail("version: expected 2 or 3, found " + std::to_string(version_));
  }
  const auto tensor_count = reader.read<std::uint64_t>("tensor count");
  const auto key_count = reader.read<std::uint64_t>("key count");
  const auto check_count = [&](const char* what, std::uint64_t count, std::uint64_t least) {
    if (count > reader.remaining() / least)
      reader.fail(std::string(what) + ": expected at most " +
                  std::to_string(reader.remaining() / least) + " in a file of this size, found " +
                  std::to_string(count));
  };
  check_count("key count", key_count, min_entry_bytes);
  check_count("tensor count", tensor_count, min_tensor_bytes);
  read_metadata(reader, key_count);
  const std::uint64_t align = alignment(reader);
  read_tensors(reader, tensor_count);

  // The data begin at the next multiple of the alignment; align is at most 2^31, so nothing wraps.
  data_start_ = (reader.offset() + align - 1) / align * align;
  for (auto& tensor : tensors_) {
    const auto wrong = [&](const std::string& message) {
      throw Error(QUIPU_E_INVALID,
                  quoted(path_) + ": tensor " + quoted(tensor.name) + ": " + message);
    };
    if (tensor.offset % align)
      wrong("expected an offset that is a multiple of " + std::to_string(align) + ", found " +
            std::to_string(tensor.offset));
    if (data_start_ > mapping_.size() || tensor.offset > mapping_.size() - data_start_)
      wrong("expected an offset within the data of the file, found " +
            std::to_string(tensor.offset));
    tensor.offset += data_start_;
  }
}

void Container::read_metadata(Reader& reader, std::uint64_t count) {
  entries_.reserve(count);
  keys_.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto key = reader.text("key " + std::to_string(i));
    check_name(reader, key, max_key_bytes, "key");
    if (!keys_.emplace(key, entries_.size()).second)
      reader.fail("key " + quoted(key) + ": expected once, found twice");
    entries_.push_back({key, read_value(reader, key, arrays_)});
  }
}

std::uint64_t Container::alignment(const Reader& reader) const {
  const auto found = keys_.find("general.alignment");
  if (found == keys_.end()) return 32;
  const quipu_value& value = entries_[found->second].value.value;
  // The specification asks for a uint32; wider ones come from writers that did not read it.
  const bool power =
      value.type == QUIPU_VALUE_UNSIGNED && value.as.u >= 8 && (value.as.u & (value.as.u - 1)) == 0;
  if (!power || value.as.u > (1u << 30))
    reader.fail("'general.alignment': expected a power of two from 8 to 2^30, found " +
                (value.type == QUIPU_VALUE_UNSIGNED ? std::to_string(value.as.u)
                                                    : std::string("another type")));
  return value.as.u;
}

void Container::read_tensors(Reader& reader, std::uint64_t count) {
  tensors_.reserve(count);
  std::unordered_set<std::string_view> names;
  names.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    TensorInfo tensor;
    tensor.name = reader.text("name of tensor " + std::to_string(i));
    check_name(reader, tensor.name, max_name_bytes, "tensor name");
    const std::string what = "tensor " + quoted(tensor.name);
    if (!names.insert(tensor.name).second) reader.fail(what + ": expected once, found twice");
    tensor.rank = reader.read<std::uint32_t>(what);
    if (tensor.rank < 1 || tensor.rank > 4)
      reader.fail(what + ": expected 1 to 4 axes, found " + std::to_string(tensor.rank));
    std::uint64_t product = 1;
    for (std::uint32_t axis = 0; axis < tensor.rank; ++axis) {
      const auto length = reader.read<std::uint64_t>(what);
      if (length == 0 || length > std::numeric_limits<std::int64_t>::max() / product)
        reader.fail(what + ": axis " + std::to_string(axis) + ": expected 1 to 2^63 / " +
                    std::to_string(product) + ", found " + std::to_string(length));
      product *= length;
      tensor.shape[axis] = length;
    }
    tensor.type = "gguf:" + std::to_string(reader.read<std::uint32_t>(what));
    tensor.offset = reader.read<std::uint64_t>(what);
    tensors_.push_back(std::move(tensor));
  }
}

std::uint64_t Container::integer(std::string_view key, std::uint64_t fallback) const {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return fallback;
  const quipu_value& value = entries_[found->second].value.value;
  const bool integer =
      value.type == QUIPU_VALUE_UNSIGNED || (value.type == QUIPU_VALUE_SIGNED && value.as.i >= 0);
  if (!integer)
    throw Error(QUIPU_E_INVALID,
                quoted(path_) + ": " + quoted(key) + ": expected an integer, 0 or more");
  return value.as.u;
}

}  // namespace gguf
