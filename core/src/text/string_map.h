// Texts to numbers: flat hash tables that hold no text themselves, built once. A vocabulary of
// 150,000 texts takes a few milliseconds.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <random>
#include <string_view>
#include <vector>

namespace quipu {

inline std::uint64_t text_hash(std::string_view text) noexcept {
  return std::hash<std::string_view>()(text);
}

/// The hash of two texts side by side, from theirs.
constexpr std::uint64_t pair_hash(std::uint64_t left, std::uint64_t right) noexcept {
  return left * 0x9E3779B97F4A7C15u ^ std::rotl(right, 32);
}

/// Numbers of things by their hash. Whoever asks says whether a number found is the thing meant.
class HashIndex {
 public:
  explicit HashIndex(std::size_t count)
      : slots_(std::bit_ceil(count + count / 2 + 2)), secret_(std::random_device()()) {}

  /// Adds a number of 0 or more, unless same(number) holds for one that is there already.
  template <class Same>
  void insert(std::uint64_t hash, std::int32_t number, Same&& same) {
    Slot& slot = slots_[place(hash, same)];
    if (slot.number < 0) slot = {tag(hash), number};
  }

  /// -1 when there is none.
  template <class Same>
  std::int32_t find(std::uint64_t hash, Same&& same) const {
    return slots_[place(hash, same)].number;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t number = -1;
  };

  static std::uint32_t tag(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  template <class Same>
  std::size_t place(std::uint64_t hash, Same&& same) const {
    const std::size_t mask = slots_.size() - 1;
    // The secret differs from run to run, so that no file can be made whose texts all fall on one
    // place. Mixing as in MurmurHash3's 64-bit finaliser.
    std::uint64_t mixed = hash ^ secret_;
    mixed = (mixed ^ (mixed >> 33)) * 0xFF51AFD7ED558CCDu;
    mixed = (mixed ^ (mixed >> 33)) * 0xC4CEB9FE1A85EC53u;
    std::size_t at = (mixed ^ (mixed >> 33)) & mask;
    while (slots_[at].number >= 0 && (slots_[at].tag != tag(hash) || !same(slots_[at].number)))
      at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
  std::uint64_t secret_;
};

}  // namespace quipu
