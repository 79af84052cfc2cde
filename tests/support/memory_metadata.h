// Metadata that a test writes down, without a file.
//
//   MemoryMetadata metadata;
//   metadata.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.bos_token_id", 1u);
//   metadata.set("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "quipu/model_file.h"

namespace quipu::test {

class MemoryMetadata final : public Metadata {
 public:
  template <class Value>
  MemoryMetadata& set(const std::string& key, const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string_view>)
      entries_[key] = Entry{QUIPU_VALUE_STRING, false, {std::string(value)}};
    else
      entries_[key] = Entry{type_of<Value>(), false, {element(value)}};
    return *this;
  }
  template <class Value>
  MemoryMetadata& set(const std::string& key, const std::vector<Value>& values) {
    Entry entry{type_of<Value>(), true, {}};
    for (const Value& value : values) entry.elements.push_back(element(value));
    entries_[key] = std::move(entry);
    return *this;
  }
  MemoryMetadata& erase(const std::string& key) {
    entries_.erase(key);
    return *this;
  }

  std::size_t size() const override { return entries_.size(); }
  std::pair<std::string_view, quipu_value> at(std::size_t index) const override {
    auto entry = entries_.begin();
    std::advance(entry, static_cast<std::ptrdiff_t>(index));
    return {entry->first, value_of(entry->second)};
  }
  std::optional<quipu_value> find(std::string_view key) const override {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return {};
    return value_of(found->second);
  }
  void elements(const quipu_value& array, std::uint64_t first,
                std::span<quipu_value> out) const override {
    const auto& entry = *static_cast<const Entry*>(array.as.array);
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = scalar(entry.type, entry.elements[first + i]);
  }

 private:
  using Element = std::variant<std::string, std::uint64_t, std::int64_t, double>;
  struct Entry {
    std::uint32_t type = 0;
    bool array = false;
    std::vector<Element> elements;
  };

  template <class Value>
  static constexpr std::uint32_t type_of() {
    if constexpr (std::is_convertible_v<Value, std::string_view>)
      return QUIPU_VALUE_STRING;
    else if constexpr (std::is_same_v<Value, bool>)
      return QUIPU_VALUE_BOOL;
    else if constexpr (std::is_floating_point_v<Value>)
      return QUIPU_VALUE_FLOAT;
    else
      return std::is_signed_v<Value> ? QUIPU_VALUE_SIGNED : QUIPU_VALUE_UNSIGNED;
  }
  template <class Value>
  static Element element(const Value& value) {
    if constexpr (std::is_convertible_v<Value, std::string_view>)
      return std::string(value);
    else if constexpr (std::is_floating_point_v<Value>)
      return static_cast<double>(value);
    else if constexpr (std::is_signed_v<Value>)
      return static_cast<std::int64_t>(value);
    else
      return static_cast<std::uint64_t>(value);
  }
  static quipu_value scalar(std::uint32_t type, const Element& element) {
    quipu_value value{};
    value.type = type;
    value.count = 1;
    if (const auto* text = std::get_if<std::string>(&element))
      value.as.s = {text->data(), text->size()};
    else if (const auto* number = std::get_if<double>(&element))
      value.as.f = *number;
    else if (const auto* negative = std::get_if<std::int64_t>(&element))
      value.as.i = *negative;
    else
      value.as.u = std::get<std::uint64_t>(element);
    return value;
  }
  static quipu_value value_of(const Entry& entry) {
    if (!entry.array) return scalar(entry.type, entry.elements[0]);
    quipu_value value{};
    value.type = QUIPU_VALUE_ARRAY;
    value.element_type = entry.type;
    value.count = entry.elements.size();
    value.as.array = &entry;
    return value;
  }

  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace quipu::test
