#include "values.h"

#include <array>

namespace gguf {
namespace {

struct Trait {
  std::uint32_t widened;
  std::uint32_t bytes;  // 0: no fixed width
};

// Indexed by Type.
constexpr std::array<Trait, 13> traits{{{QUIPU_VALUE_UNSIGNED, 1},
                                        {QUIPU_VALUE_SIGNED, 1},
                                        {QUIPU_VALUE_UNSIGNED, 2},
                                        {QUIPU_VALUE_SIGNED, 2},
                                        {QUIPU_VALUE_UNSIGNED, 4},
                                        {QUIPU_VALUE_SIGNED, 4},
                                        {QUIPU_VALUE_FLOAT, 4},
                                        {QUIPU_VALUE_BOOL, 1},
                                        {QUIPU_VALUE_STRING, 0},
                                        {QUIPU_VALUE_ARRAY, 0},
                                        {QUIPU_VALUE_UNSIGNED, 8},
                                        {QUIPU_VALUE_SIGNED, 8},
                                        {QUIPU_VALUE_FLOAT, 8}}};

constexpr const Trait& trait(Type type) {
  return traits[static_cast<std::uint32_t>(type)];
}

template <class Number>
Number load(const std::byte* bytes) {
  Number value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// A value of fixed width.
quipu_value widen(Type type, const std::byte* bytes) {
  quipu_value value{trait(type).widened, 0, 1, {}};
  switch (type) {
  case Type::u8:
  case Type::boolean:
    value.as.u = load<std::uint8_t>(bytes);
    break;
  case Type::i8:
    value.as.i = load<std::int8_t>(bytes);
    break;
  case Type::u16:
    value.as.u = load<std::uint16_t>(bytes);
    break;
  case Type::i16:
    value.as.i = load<std::int16_t>(bytes);
    break;
  case Type::u32:
    value.as.u = load<std::uint32_t>(bytes);
    break;
  case Type::i32:
    value.as.i = load<std::int32_t>(bytes);
    break;
  case Type::f32:
    value.as.f = load<float>(bytes);
    break;
  case Type::u64:
    value.as.u = load<std::uint64_t>(bytes);
    break;
  case Type::i64:
    value.as.i = load<std::int64_t>(bytes);
    break;
  case Type::f64:
    value.as.f = load<double>(bytes);
    break;
  case Type::string:
  case Type::array:
    break;
  }
  return value;
}

quipu_value text_value(std::string_view text) {
  quipu_value value{QUIPU_VALUE_STRING, 0, 1, {}};
  value.as.s = quipu::sdk::str(text);
  return value;
}

// The specification calls every byte but 0 and 1 a damaged file.
void check_booleans(const Reader& reader, std::uint64_t at, const std::byte* bytes,
                    std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i)
    if (const auto byte = std::to_integer<unsigned>(bytes[i]); byte > 1)
      reader.fail(at + i, "expected a boolean, 0 or 1, found " + std::to_string(byte));
}

void read_strings(Reader& reader, Array& array) {
  array.marks.reserve(array.count / Array::stride + 1);
  const std::uint64_t size = reader.remaining();
  std::uint64_t offset = 0;
  for (std::uint64_t i = 0; i < array.count; ++i) {
    if (i % Array::stride == 0) array.marks.push_back(offset);
    const std::uint64_t left = size - offset;
    const std::uint64_t length = left >= 8 ? load<std::uint64_t>(array.data + offset) : 0;
    if (left < 8 || length > left - 8)
      reader.fail(reader.offset() + offset,
                  "string " + std::to_string(i) + " of " + std::to_string(array.count) +
                      ": expected " + (left < 8 ? "a length" : std::to_string(length) + " bytes") +
                      ", found the end of the file after " +
                      std::to_string(left < 8 ? left : left - 8) + " bytes");
    offset += 8 + length;
  }
  reader.take(offset, "strings");
}

Array read_array(Reader& reader) {
  const std::uint64_t type_at = reader.offset();
  const Type type = read_type(reader, "element type");
  if (type == Type::array)
    reader.fail(type_at, "expected an array of numbers or strings, found an array of arrays",
                QUIPU_E_UNSUPPORTED);
  const std::uint64_t count_at = reader.offset();
  const auto count = reader.number<std::uint64_t>("element count");
  const std::uint64_t least_bytes = type == Type::string ? 8 : trait(type).bytes;
  if (count > reader.remaining() / least_bytes)
    reader.fail(count_at, "element count: expected at most " +
                              std::to_string(reader.remaining() / least_bytes) +
                              " in what is left of the file, found " + std::to_string(count));
  Array array{type, reader.here(), count, {}};
  if (type == Type::string) {
    read_strings(reader, array);
  } else {
    const std::uint64_t first = reader.offset();
    reader.take(count * least_bytes, "elements");
    if (type == Type::boolean) check_booleans(reader, first, array.data, count);
  }
  return array;
}

}  // namespace

Type read_type(Reader& reader, const char* what) {
  const std::uint64_t at = reader.offset();
  const auto type = reader.number<std::uint32_t>(what);
  if (type >= traits.size())
    reader.fail(at, std::string(what) + ": expected 0 to 12, found " + std::to_string(type));
  return static_cast<Type>(type);
}

quipu_value read_value(Reader& reader, Type type, std::deque<Array>& arrays) {
  if (type == Type::string) return text_value(reader.text("text"));
  if (type == Type::array) {
    const Array& array = arrays.emplace_back(read_array(reader));
    quipu_value value{QUIPU_VALUE_ARRAY, trait(array.type).widened, array.count, {}};
    value.as.array = &array;
    return value;
  }
  const std::uint64_t at = reader.offset();
  const std::byte* bytes = reader.take(trait(type).bytes, "value");
  if (type == Type::boolean) check_booleans(reader, at, bytes, 1);
  return widen(type, bytes);
}

void copy_elements(const Array& array, std::uint64_t first, std::span<quipu_value> out) {
  if (out.empty()) return;
  if (array.type != Type::string) {
    const std::uint32_t bytes = trait(array.type).bytes;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = widen(array.type, array.data + (first + i) * bytes);
    return;
  }
  const std::byte* at = array.data + array.marks[first / Array::stride];
  for (std::uint64_t skip = first % Array::stride; skip; --skip) at += 8 + load<std::uint64_t>(at);
  for (quipu_value& value : out) {
    // Member by member: a copy of the whole would have to wait for its parts.
    const auto length = load<std::uint64_t>(at);
    value.type = QUIPU_VALUE_STRING;
    value.element_type = 0;
    value.count = 1;
    value.as.s.data = reinterpret_cast<const char*>(at + 8);
    value.as.s.size = length;
    at += 8 + length;
  }
}

}  // namespace gguf
