#include "values.h"

namespace gguf {
namespace {

enum Type : std::uint32_t {
  type_uint8,
  type_int8,
  type_uint16,
  type_int16,
  type_uint32,
  type_int32,
  type_float32,
  type_bool,
  type_string,
  type_array,
  type_uint64,
  type_int64,
  type_float64
};

constexpr std::uint64_t strings_per_checkpoint = 64;

// Bytes of an element, 0 for strings.
std::uint64_t bytes_of(std::uint32_t type) {
  switch (type) {
  case type_uint8:
  case type_int8:
  case type_bool:
    return 1;
  case type_uint16:
  case type_int16:
    return 2;
  case type_uint32:
  case type_int32:
  case type_float32:
    return 4;
  case type_uint64:
  case type_int64:
  case type_float64:
    return 8;
  default:
    return 0;
  }
}

std::uint32_t widened(std::uint32_t type) {
  switch (type) {
  case type_uint8:
  case type_uint16:
  case type_uint32:
  case type_uint64:
    return QUIPU_VALUE_UNSIGNED;
  case type_int8:
  case type_int16:
  case type_int32:
  case type_int64:
    return QUIPU_VALUE_SIGNED;
  case type_float32:
  case type_float64:
    return QUIPU_VALUE_FLOAT;
  case type_bool:
    return QUIPU_VALUE_BOOL;
  case type_string:
    return QUIPU_VALUE_STRING;
  default:
    return QUIPU_VALUE_ARRAY;
  }
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

quipu_value scalar(std::uint32_t type, const std::byte* at) {
  quipu_value value{};
  value.type = widened(type);
  value.count = 1;
  switch (type) {
  case type_uint8:
    value.as.u = load<std::uint8_t>(at);
    break;
  case type_int8:
    value.as.i = load<std::int8_t>(at);
    break;
  case type_uint16:
    value.as.u = load<std::uint16_t>(at);
    break;
  case type_int16:
    value.as.i = load<std::int16_t>(at);
    break;
  case type_uint32:
    value.as.u = load<std::uint32_t>(at);
    break;
  case type_int32:
    value.as.i = load<std::int32_t>(at);
    break;
  case type_float32:
    value.as.f = load<float>(at);
    break;
  case type_bool:
    value.as.u = load<std::uint8_t>(at) != 0;
    break;
  case type_uint64:
    value.as.u = load<std::uint64_t>(at);
    break;
  case type_int64:
    value.as.i = load<std::int64_t>(at);
    break;
  default:
    value.as.f = load<double>(at);
    break;
  }
  return value;
}

quipu_value string(std::string_view text) {
  quipu_value value{};
  value.type = QUIPU_VALUE_STRING;
  value.count = 1;
  value.as.s = {text.data(), text.size()};
  return value;
}

Array read_array(Reader& reader, std::string_view what) {
  Array array;
  array.type = reader.read<std::uint32_t>(what);
  if (array.type > type_float64)
    reader.fail(std::string(what) + ": expected an element type of 0 to 12, found " +
                std::to_string(array.type));
  if (array.type == type_array)
    reader.fail(std::string(what) + ": expected no array of arrays, found one");
  array.count = reader.read<std::uint64_t>(what);
  // A string takes at least its length.
  const std::uint64_t least = array.type == type_string ? 8 : bytes_of(array.type);
  if (array.count > reader.remaining() / least)
    reader.fail(std::string(what) + ": expected at most " +
                std::to_string(reader.remaining() / least) +
                " elements in what is left of the file, found " + std::to_string(array.count));
  array.first = reader.here();
  if (array.type != type_string) {
    reader.take(array.count * least, what);
    return array;
  }
  array.checkpoints.reserve(array.count / strings_per_checkpoint + 1);
  const std::uint64_t start = reader.offset();
  for (std::uint64_t i = 0; i < array.count; ++i) {
    if (i % strings_per_checkpoint == 0) array.checkpoints.push_back(reader.offset() - start);
    reader.text(what);
  }
  return array;
}

}  // namespace

Value read_value(Reader& reader, std::string_view key, std::vector<Array>& arrays) {
  const std::string what = "value of " + quoted(key);
  const auto type = reader.read<std::uint32_t>(what);
  if (type > type_float64)
    reader.fail(what + ": expected a type of 0 to 12, found " + std::to_string(type));
  if (type == type_string) return {string(reader.text(what))};
  if (type != type_array) return {scalar(type, reader.take(bytes_of(type), what))};
  arrays.push_back(read_array(reader, what));
  Value out;
  out.value.type = QUIPU_VALUE_ARRAY;
  out.value.element_type = widened(arrays.back().type);
  out.value.count = arrays.back().count;
  out.array = static_cast<std::ptrdiff_t>(arrays.size()) - 1;
  return out;
}

void read_elements(const Array& array, std::uint64_t first, std::span<quipu_value> out) {
  if (out.empty()) return;
  if (array.type != type_string) {
    const std::uint64_t bytes = bytes_of(array.type);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = scalar(array.type, array.first + (first + i) * bytes);
    return;
  }
  const std::byte* at = array.first + array.checkpoints[first / strings_per_checkpoint];
  const auto next = [&] {
    const auto length = load<std::uint64_t>(at);
    const std::string_view text(reinterpret_cast<const char*>(at + 8), length);
    at += 8 + length;
    return text;
  };
  for (std::uint64_t i = 0; i < first % strings_per_checkpoint; ++i) next();
  for (auto& value : out) value = string(next());
}

}  // namespace gguf
