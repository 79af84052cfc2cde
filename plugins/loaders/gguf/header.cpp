#include "header.h"

#include <algorithm>

#include "../shared/text.h"

namespace gguf {

using loaders::quoted, loaders::objection_to;

namespace {

constexpr std::uint32_t version = 3;

template <class Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_text(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out.append(text);
}

// The narrowest of the types in use that holds a value: what other tools expect to find.
Type type_of(const quipu_value& value) {
  switch (value.type) {
  case QUIPU_VALUE_UNSIGNED:
    return value.as.u <= UINT32_MAX ? Type::u32 : Type::u64;
  case QUIPU_VALUE_SIGNED:
    return value.as.i >= INT32_MIN && value.as.i <= INT32_MAX ? Type::i32 : Type::i64;
  case QUIPU_VALUE_FLOAT:
    return static_cast<double>(static_cast<float>(value.as.f)) == value.as.f ? Type::f32
                                                                             : Type::f64;
  case QUIPU_VALUE_BOOL:
    return Type::boolean;
  case QUIPU_VALUE_STRING:
    return Type::string;
  case QUIPU_VALUE_ARRAY:
    return Type::array;
  }
  throw Error(QUIPU_E_ARGUMENT,
              "value: expected a type of 1 to 6, found " + std::to_string(value.type));
}

void put_value(std::string& out, Type type, const quipu_value& value) {
  switch (type) {
  case Type::u32:
    return put(out, static_cast<std::uint32_t>(value.as.u));
  case Type::u64:
    return put(out, value.as.u);
  case Type::i32:
    return put(out, static_cast<std::int32_t>(value.as.i));
  case Type::i64:
    return put(out, value.as.i);
  case Type::f32:
    return put(out, static_cast<float>(value.as.f));
  case Type::f64:
    return put(out, value.as.f);
  case Type::boolean:
    return put(out, static_cast<std::uint8_t>(value.as.u));
  case Type::string:
    return put_text(out, quipu::sdk::view(value.as.s));
  default:
    throw Error(QUIPU_E_UNSUPPORTED, "value: expected no array of arrays");
  }
}

// All elements get the widest type that one of them needs.
Type element_type(const quipu_value& array, const quipu_value* elements) {
  quipu_value sample{array.element_type, 0, 1, {}};
  Type type = type_of(sample);
  for (std::uint64_t i = 0; i < array.count; ++i) type = std::max(type, type_of(elements[i]));
  return type;
}

}  // namespace

std::string& KeyList::stored(std::string_view key) {
  auto found = std::ranges::find(keys_, key, &Key::name);
  if (found == keys_.end()) found = keys_.insert(found, {std::string(key), {}});
  found->stored.clear();
  return found->stored;
}

void KeyList::set(std::string_view key, const quipu_value& value, const quipu_value* elements) {
  std::string& out = stored(key);
  const Type type = type_of(value);
  put(out, static_cast<std::uint32_t>(type));
  if (type != Type::array) return put_value(out, type, value);
  const Type each = element_type(value, elements);
  put(out, static_cast<std::uint32_t>(each));
  put(out, value.count);
  for (std::uint64_t i = 0; i < value.count; ++i) put_value(out, each, elements[i]);
}

void KeyList::set_integer(std::string_view key, Type type, std::uint32_t value) {
  std::string& out = stored(key);
  put(out, static_cast<std::uint32_t>(type));
  if (type == Type::u16)
    put(out, static_cast<std::uint16_t>(value));
  else
    put(out, value);
}

void KeyList::copy(const Entry& entry) {
  stored(entry.key).assign(reinterpret_cast<const char*>(entry.stored.data()), entry.stored.size());
}

void KeyList::remove(std::string_view key) {
  std::erase_if(keys_, [&](const Key& each) { return each.name == key; });
}

void KeyList::append_to(std::string& out) const {
  for (const Key& key : keys_) {
    put_text(out, key.name);
    out += key.stored;
  }
}

std::string header(const KeyList& keys, const std::vector<NewTensor>& tensors,
                   std::uint64_t alignment) {
  std::string out = "GGUF";
  put(out, version);
  put(out, std::uint64_t{tensors.size()});
  put(out, keys.count());
  keys.append_to(out);
  std::uint64_t offset = 0;
  for (const NewTensor& tensor : tensors) {
    if (const std::string objection = objection_to(tensor.name, longest_tensor_name);
        !objection.empty())
      throw Error(QUIPU_E_INVALID, "tensor " + quoted(tensor.name) + ": " + objection);
    put_text(out, tensor.name);
    put(out, tensor.rank);
    for (std::uint32_t axis = 0; axis < tensor.rank; ++axis) put(out, tensor.shape[axis]);
    put(out, tensor.type);
    put(out, offset);
    offset = aligned(offset + tensor.bytes, alignment);
  }
  out.resize(aligned(out.size(), alignment));
  return out;
}

}  // namespace gguf
