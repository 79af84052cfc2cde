// GGUF metadata values (GGUF specification, "gguf_metadata_value_t"): thirteen types, widened to
// quipu_value.
#pragma once

#include <span>
#include <vector>

#include "quipu/abi/loader.h"
#include "reader.h"

namespace gguf {

/// Elements of an array, in the file. Strings have no fixed size, so every 64th has its place
/// noted.
struct Array {
  std::uint32_t type = 0;  ///< of GGUF
  std::uint64_t count = 0;
  const std::byte* first = nullptr;
  std::vector<std::uint64_t> checkpoints;  ///< offsets from first of strings 0, 64, 128, …
};

/// One value, or an array that is appended to `arrays` and named by its index until they have
/// stopped moving. Walks over all its bytes, so that nothing read later can run past the file.
struct Value {
  quipu_value value{};
  std::ptrdiff_t array = -1;
};
Value read_value(Reader& reader, std::string_view key, std::vector<Array>& arrays);

void read_elements(const Array& array, std::uint64_t first, std::span<quipu_value> out);

}  // namespace gguf
