// Texts to numbers: flat hash tables that hold no text themselves, built once. A vocabulary of
// 150,000 texts takes a few milliseconds.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace quipu {

/// Differs from run to run, so that no file can be made whose texts all have one hash.
struct HashSecret {
  std::uint64_t first, second;
  static const HashSecret& of_this_run();
};

inline const HashSecret& HashSecret::of_this_run() {
  static const HashSecret secret = [] {
    std::random_device random;
    const auto bits = [&] { return std::uint64_t{random()} << 32 | random(); };
    return HashSecret{bits(), bits()};
  }();
  return secret;
}

/// Both halves of a 128-bit product: the mixing step of wyhash.
inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t text_hash(std::string_view text) {
  const HashSecret& secret = HashSecret::of_this_run();
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = secret.second ^ left, words[2];
  for (; left > sizeof words; at += sizeof words, left -= sizeof words) {
    std::memcpy(words, at, sizeof words);
    hash = folded_product(words[0] ^ secret.first, words[1] ^ hash);
  }
  words[0] = words[1] = 0;
  if (left) std::memcpy(words, at, left);
  hash = folded_product(words[0] ^ secret.first, words[1] ^ hash);
  return folded_product(hash ^ secret.second, secret.first | 1);
}

/// The hash of two texts side by side, from theirs.
constexpr std::uint64_t pair_hash(std::uint64_t left, std::uint64_t right) noexcept {
  return left * 0x9E3779B97F4A7C15u + std::rotl(right, 32);
}

/// Numbers of things by their hash. Whoever asks says whether a number found is the thing meant.
class HashIndex {
 public:
  explicit HashIndex(std::size_t count)
      : slots_(std::bit_ceil(count + count / 2 + 2)) {}

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
    std::size_t at = hash & mask;
    while (slots_[at].number >= 0 && (slots_[at].tag != tag(hash) || !same(slots_[at].number)))
      at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace quipu
