// What stands before the data of a GGUF file, as bytes to write. Version 3, little endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "container.h"

namespace gguf {

/// Keys in the order in which they are written; each at most once.
class KeyList {
 public:
  /// Takes the place of a key of that name, or follows the others. Integers are stored in 32 bits
  /// where they fit, numbers as float where that loses nothing. Throws Error for a value that no
  /// type of GGUF can hold.
  void set(std::string_view key, const quipu_value& value, const quipu_value* elements = nullptr);
  /// An integer in 16 or 32 bits: readers of some keys ask for one type.
  void set_integer(std::string_view key, Type type, std::uint32_t value);
  /// As it stands in another file.
  void copy(const Entry& entry);
  void remove(std::string_view key);

  std::uint64_t count() const noexcept { return keys_.size(); }
  void append_to(std::string& out) const;

 private:
  struct Key {
    std::string name, stored;
  };

  std::string& stored(std::string_view key);

  std::vector<Key> keys_;
};

struct NewTensor {
  std::string_view name;
  std::uint32_t rank;
  const std::uint64_t* shape;
  std::uint32_t type;
  std::uint64_t bytes;
};

/// The bytes of header, keys and tensors up to the data, which begins at a multiple of `alignment`;
/// tensors follow each other at multiples of it, in their order.
std::string header(const KeyList& keys, const std::vector<NewTensor>& tensors,
                   std::uint64_t alignment);

/// The next multiple.
constexpr std::uint64_t aligned(std::uint64_t offset, std::uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace gguf
