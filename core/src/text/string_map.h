// Texts to numbers: a flat hash table over views, built once. A vocabulary of 150,000 texts takes a
// few milliseconds.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace quipu {

class StringMap {
 public:
  explicit StringMap(std::size_t count) : slots_(std::bit_ceil(count * 2 + 2)) {}

  /// The first number given to a text stays.
  void insert(std::string_view text, std::int32_t number) {
    Slot& slot = slots_[place(text)];
    if (slot.number < 0) slot = {text, number};
  }

  /// -1 when the text is not there.
  std::int32_t find(std::string_view text) const { return slots_[place(text)].number; }

 private:
  struct Slot {
    std::string_view text;
    std::int32_t number = -1;
  };

  std::size_t place(std::string_view text) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = std::hash<std::string_view>()(text) & mask;
    while (slots_[at].number >= 0 && slots_[at].text != text) at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace quipu
