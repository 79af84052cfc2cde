// Metadata values of GGUF: thirteen types, widened to the boundary's six.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "../shared/reader.h"
#include "quipu/abi/loader.h"

namespace gguf {

using loaders::Error, loaders::Reader;

/// As the file numbers them (GGUF specification, gguf_metadata_value_type).
enum class Type : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64
};

/// An array that stays in the file. Strings have no fixed width, so the place of every 64th is
/// kept: reading one walks over at most 63 others.
struct Array {
  static constexpr std::uint64_t stride = 64;

  Type type;
  const std::byte* data;
  std::uint64_t count;
  std::vector<std::uint64_t> marks;  ///< of strings: offset from data of element stride * i
};

/// Reads the type of a value or of an array's elements.
Type read_type(Reader& reader, const char* what);

/// Reads a value of that type and checks all of it. Arrays are added to `arrays`, where the value
/// points.
quipu_value read_value(Reader& reader, Type type, std::deque<Array>& arrays);

/// Elements first … first + out.size() - 1, which lie within the array.
void copy_elements(const Array& array, std::uint64_t first, std::span<quipu_value> out);

}  // namespace gguf
