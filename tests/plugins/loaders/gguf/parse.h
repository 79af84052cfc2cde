// Parses a file from memory.
#pragma once

#include <cstring>
#include <memory>
#include <string>

#include "container.h"

namespace gguf {

/// A container over bytes of its own, allocated to their exact size.
struct Parsed {
  explicit Parsed(const std::string& file)
      : bytes(new std::byte[file.size()]),
        container((std::memcpy(bytes.get(), file.data(), file.size()),
                   std::span<const std::byte>(bytes.get(), file.size())),
                  "FILE") {}

  const quipu_value& value(std::string_view key) const {
    for (const Entry& entry : container.entries())
      if (entry.key == key) return entry.value;
    throw Error(QUIPU_E_ARGUMENT, "no such key");
  }

  std::unique_ptr<std::byte[]> bytes;
  Container container;
};

/// What the parser says about a file: "" when it takes it.
inline std::string objection(const std::string& file) {
  try {
    Parsed parsed(file);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace gguf
