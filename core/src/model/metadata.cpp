// Typed access to metadata: what a key must hold, or an error that names it.
#include <limits>

#include "quipu/error.h"
#include "quipu/model_file.h"

namespace quipu {
namespace {

// Of one value, or of many: the elements of an array.
std::string type_name(std::uint32_t type, bool many) {
  switch (type) {
  case QUIPU_VALUE_UNSIGNED:
    return many ? "unsigned integers" : "an unsigned integer";
  case QUIPU_VALUE_SIGNED:
    return many ? "signed integers" : "a signed integer";
  case QUIPU_VALUE_FLOAT:
    return many ? "floats" : "a float";
  case QUIPU_VALUE_BOOL:
    return many ? "booleans" : "a boolean";
  case QUIPU_VALUE_STRING:
    return many ? "strings" : "a string";
  default:
    return "an unknown type";
  }
}

Error wrong_type(std::string_view key, const char* expected, const quipu_value& found) {
  const std::string type = found.type == QUIPU_VALUE_ARRAY
                               ? "an array of " + type_name(found.element_type, true)
                               : type_name(found.type, false);
  return Error(ErrorCode::invalid, printable(key) + ": expected " + expected + ", found " + type);
}

bool is_integer(std::uint32_t type) {
  return type == QUIPU_VALUE_UNSIGNED || type == QUIPU_VALUE_SIGNED;
}

std::int64_t to_integer(std::string_view key, const quipu_value& value) {
  if (value.type == QUIPU_VALUE_SIGNED) return value.as.i;
  if (value.as.u > std::numeric_limits<std::int64_t>::max())
    throw Error(ErrorCode::invalid, printable(key) + ": expected an integer below 2^63, found " +
                                        std::to_string(value.as.u));
  return static_cast<std::int64_t>(value.as.u);
}

double to_number(const quipu_value& value) {
  if (value.type == QUIPU_VALUE_FLOAT) return value.as.f;
  if (value.type == QUIPU_VALUE_SIGNED) return static_cast<double>(value.as.i);
  return static_cast<double>(value.as.u);
}

// All elements of an array in turn, a few at a time so that a long one needs no copy of itself.
template <class Use>
void for_each(const Metadata& metadata, const quipu_value& array, Use&& use) {
  quipu_value chunk[256];
  for (std::uint64_t first = 0; first < array.count; first += std::size(chunk)) {
    const std::uint64_t count = std::min<std::uint64_t>(std::size(chunk), array.count - first);
    metadata.elements(array, first, {chunk, count});
    for (std::uint64_t i = 0; i < count; ++i) use(chunk[i]);
  }
}

}  // namespace

Metadata::~Metadata() = default;

std::optional<std::string_view> Metadata::text(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (value->type != QUIPU_VALUE_STRING) throw wrong_type(key, "a string", *value);
  return std::string_view(value->as.s.data, value->as.s.size);
}

std::optional<std::int64_t> Metadata::integer(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (!is_integer(value->type)) throw wrong_type(key, "an integer", *value);
  return to_integer(key, *value);
}

std::optional<double> Metadata::number(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (!is_integer(value->type) && value->type != QUIPU_VALUE_FLOAT)
    throw wrong_type(key, "a number", *value);
  return to_number(*value);
}

std::optional<bool> Metadata::flag(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (value->type != QUIPU_VALUE_BOOL) throw wrong_type(key, "a boolean", *value);
  return value->as.u != 0;
}

std::optional<std::vector<std::string_view>> Metadata::texts(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (value->type != QUIPU_VALUE_ARRAY || value->element_type != QUIPU_VALUE_STRING)
    throw wrong_type(key, "an array of strings", *value);
  std::vector<std::string_view> out;
  out.reserve(value->count);
  for_each(*this, *value,
           [&](const quipu_value& v) { out.emplace_back(v.as.s.data, v.as.s.size); });
  return out;
}

std::optional<std::vector<float>> Metadata::numbers(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (value->type != QUIPU_VALUE_ARRAY || value->element_type != QUIPU_VALUE_FLOAT)
    throw wrong_type(key, "an array of floats", *value);
  std::vector<float> out;
  out.reserve(value->count);
  for_each(*this, *value, [&](const quipu_value& v) { out.push_back(static_cast<float>(v.as.f)); });
  return out;
}

std::optional<std::vector<std::int64_t>> Metadata::integers(std::string_view key) const {
  const auto value = find(key);
  if (!value) return {};
  if (value->type != QUIPU_VALUE_ARRAY || !is_integer(value->element_type))
    throw wrong_type(key, "an array of integers", *value);
  std::vector<std::int64_t> out;
  out.reserve(value->count);
  for_each(*this, *value, [&](const quipu_value& v) { out.push_back(to_integer(key, v)); });
  return out;
}

}  // namespace quipu
