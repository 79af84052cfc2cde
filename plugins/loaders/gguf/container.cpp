#include "container.h"

#include <algorithm>

#include "../shared/text.h"

namespace gguf {

using loaders::quoted, loaders::objection_to, loaders::find_duplicate;

namespace {

// Of the specification.
constexpr std::size_t longest_key = 65535;

// No model comes near them: a large mixture of experts has some 70,000 tensors when every expert is
// one. They bound the memory that a hostile file can ask for.
constexpr std::uint64_t most_keys = 1 << 16, most_tensors = 1 << 17;

// Bytes of the shortest key (one letter, one byte of value) and tensor (one letter, rank 0).
constexpr std::uint64_t least_key_bytes = 8 + 1 + 4 + 1, least_tensor_bytes = 8 + 1 + 4 + 4 + 8;

std::uint64_t read_count(Reader& reader, const char* what, std::uint64_t least_bytes,
                         std::uint64_t most) {
  const std::uint64_t at = reader.offset();
  const auto count = reader.number<std::uint64_t>(what);
  const std::uint64_t room = reader.remaining() / least_bytes;
  if (count > std::min(room, most))
    reader.fail(at,
                std::string(what) + ": expected at most " + std::to_string(std::min(room, most)) +
                    (room < most ? " in a file of this size" : "") + ", found " +
                    std::to_string(count),
                room < count ? QUIPU_E_INVALID : QUIPU_E_UNSUPPORTED);
  return count;
}

std::string_view read_name(Reader& reader, std::size_t longest) {
  const std::uint64_t at = reader.offset();
  const std::string_view name = reader.text("name");
  if (const std::string objection = objection_to(name, longest); !objection.empty())
    reader.fail(at, "expected a name of 1 to " + std::to_string(longest) +
                        " bytes of UTF-8 without control characters, found " + quoted(name) + ": " +
                        objection);
  return name;
}

// Reading on past an alignment that does not hold would make nonsense of every later message.
std::uint64_t checked_alignment(const Reader& reader, std::uint64_t at, Type type,
                                const quipu_value& value) {
  if (type != Type::u32)
    reader.fail(at, "expected type 4 (u32), found type " +
                        std::to_string(static_cast<std::uint32_t>(type)));
  if (value.as.u == 0 || value.as.u % 8 != 0)
    reader.fail(at, "expected a multiple of 8, found " + std::to_string(value.as.u));
  return value.as.u;
}

}  // namespace

Container::Container(std::span<const std::byte> bytes, std::string path)
    : path_(std::move(path)), bytes_(bytes) {
  Reader reader(bytes_, path_);
  const Counts counts = read_header(reader);
  const std::uint64_t alignment = read_metadata(reader, counts.keys);
  read_tensors(reader, counts.tensors, alignment);
  if (counts.tensors) place_tensors(reader, alignment);
}

Container::Counts Container::read_header(Reader& reader) {
  const std::string_view magic(reinterpret_cast<const char*>(reader.take(4, "magic")), 4);
  if (magic != "GGUF") reader.fail(0, "expected 'GGUF', found " + quoted(magic));
  version_ = reader.number<std::uint32_t>("version");
  if (version_ != 0 && (version_ & 0xFFFF) == 0)
    reader.fail(4,
                "expected a little-endian file, found version " +
                    std::to_string(__builtin_bswap32(version_)) + " in big-endian order",
                QUIPU_E_UNSUPPORTED);
  if (version_ != 2 && version_ != 3)
    reader.fail(4, "expected version 2 or 3, found " + std::to_string(version_),
                QUIPU_E_UNSUPPORTED);
  const std::uint64_t tensors =
      read_count(reader, "tensor count", least_tensor_bytes, most_tensors);
  return {tensors, read_count(reader, "key count", least_key_bytes, most_keys)};
}

// Returns the alignment, by which the rest is laid out.
std::uint64_t Container::read_metadata(Reader& reader, std::uint64_t count) {
  std::uint64_t alignment = default_alignment;
  std::vector<std::string_view> keys;
  std::vector<std::uint64_t> places;
  for (std::uint64_t i = 0; i < count; ++i) {
    places.push_back(reader.offset());
    reader.set_subject("key", i);
    const std::string_view key = read_name(reader, longest_key);
    reader.set_subject("key", i, key);
    const std::uint64_t at = reader.offset();
    const Type type = read_type(reader, "type");
    const quipu_value value = read_value(reader, type, arrays_);
    if (key == alignment_key) alignment = checked_alignment(reader, at, type, value);
    entries_.push_back({key, value, bytes_.subspan(at, reader.offset() - at)});
    keys.push_back(key);
  }
  if (const auto duplicate = find_duplicate(keys)) {
    reader.set_subject("key", *duplicate, keys[*duplicate]);
    reader.fail(places[*duplicate], "expected every key once, found it again");
  }
  return alignment;
}

void Container::read_tensors(Reader& reader, std::uint64_t count, std::uint64_t alignment) {
  std::vector<std::string_view> names;
  std::vector<std::uint64_t> places;
  for (std::uint64_t i = 0; i < count; ++i) {
    places.push_back(reader.offset());
    tensors_.push_back(read_tensor(reader, i, alignment));
    names.push_back(tensors_.back().name);
  }
  if (const auto duplicate = find_duplicate(names)) {
    reader.set_subject("tensor", *duplicate, names[*duplicate]);
    reader.fail(places[*duplicate], "expected every tensor once, found it again");
  }
}

// The offset is still that of the file: from the start of the data, which is not known yet.
TensorInfo Container::read_tensor(Reader& reader, std::uint64_t index, std::uint64_t alignment) {
  reader.set_subject("tensor", index);
  TensorInfo tensor{read_name(reader, longest_tensor_name), 1, {1, 1, 1, 1}, {}, 0};
  reader.set_subject("tensor", index, tensor.name);

  const std::uint64_t rank_at = reader.offset();
  const auto rank = reader.number<std::uint32_t>("rank");
  if (rank > 4) reader.fail(rank_at, "rank: expected at most 4, found " + std::to_string(rank));
  tensor.rank = std::max<std::uint32_t>(rank, 1);  // rank 0 is a single number
  std::uint64_t elements = 1;
  for (std::uint32_t axis = 0; axis < rank; ++axis) {
    const std::uint64_t at = reader.offset();
    const auto length = reader.number<std::uint64_t>("shape");
    if (length == 0 || length > INT64_MAX / elements)
      reader.fail(at, "axis " + std::to_string(axis) + ": expected a length of 1 to " +
                          std::to_string(INT64_MAX / elements) + ", found " +
                          std::to_string(length));
    elements *= length;
    tensor.shape[axis] = length;
  }

  const auto type = reader.number<std::uint32_t>("type");
  std::string& type_name = type_names_[type];
  if (type_name.empty()) type_name = "gguf:" + std::to_string(type);
  tensor.type = type_name;

  const std::uint64_t offset_at = reader.offset();
  tensor.offset = reader.number<std::uint64_t>("offset");
  if (tensor.offset % alignment != 0)
    reader.fail(offset_at, "offset: expected a multiple of the alignment, " +
                               std::to_string(alignment) + ", found " +
                               std::to_string(tensor.offset));
  return tensor;
}

void Container::place_tensors(Reader& reader, std::uint64_t alignment) {
  // The alignment has 32 bits and the reader is within the file: nothing wraps.
  const std::uint64_t start = (reader.offset() + alignment - 1) / alignment * alignment;
  const std::uint64_t size = start < bytes_.size() ? bytes_.size() - start : 0;
  for (std::uint64_t i = 0; i < tensors_.size(); ++i) {
    TensorInfo& tensor = tensors_[i];
    reader.set_subject("tensor", i, tensor.name);
    if (tensor.offset >= size)
      reader.fail(start, "expected an offset within the " + std::to_string(size) +
                             " bytes of data that begin here, found " +
                             std::to_string(tensor.offset));
    tensor.offset += start;
  }
  data_ = bytes_.subspan(start);
}

std::uint64_t Container::integer(std::string_view key, std::uint64_t fallback) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  if (found == entries_.end()) return fallback;
  const quipu_value& value = found->value;
  const bool natural =
      value.type == QUIPU_VALUE_UNSIGNED || (value.type == QUIPU_VALUE_SIGNED && value.as.i >= 0);
  if (!natural)
    throw Error(QUIPU_E_INVALID,
                path_ + ": key " + quoted(key) + ": expected an integer of 0 or more, found " +
                    (value.type == QUIPU_VALUE_SIGNED ? std::to_string(value.as.i)
                                                      : std::string("another type")));
  return value.as.u;
}

}  // namespace gguf
