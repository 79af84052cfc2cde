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

template <class Word>
std::uint64_t word_at(const char* bytes) noexcept {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

inline std::uint64_t text_hash(std::string_view text) {
  const HashSecret& secret = HashSecret::of_this_run();
  const std::size_t size = text.size();
  const char* at = text.data();
  std::uint64_t hash = secret.second, first = 0, last = 0;
  for (std::size_t left = size; left > 16; at += 16, left -= 16)
    hash = folded_product(word_at<std::uint64_t>(at) ^ secret.first,
                          word_at<std::uint64_t>(at + 8) ^ hash);
  // The last 16 bytes, or what a shorter text has; the words may overlap.
  if (size >= 16) {
    first = word_at<std::uint64_t>(text.data() + size - 16);
    last = word_at<std::uint64_t>(text.data() + size - 8);
  } else if (size >= 8) {
    first = word_at<std::uint64_t>(at);
    last = word_at<std::uint64_t>(at + size - 8);
  } else if (size >= 4) {
    first = word_at<std::uint32_t>(at);
    last = word_at<std::uint32_t>(at + size - 4);
  } else if (size > 0) {
    first = word_at<std::uint8_t>(at) << 16 | word_at<std::uint8_t>(at + size / 2) << 8 |
            word_at<std::uint8_t>(at + size - 1);
  }
  hash = folded_product(first ^ secret.first, last ^ hash);
  return folded_product(hash ^ size, secret.second | 1);
}

/// The hash of two texts side by side, from theirs.
constexpr std::uint64_t pair_hash(std::uint64_t left, std::uint64_t right) noexcept {
  return left * 0x9E3779B97F4A7C15u ^ std::rotl(right, 32);
}

/// Numbers of things by their hash. Whoever asks says whether a number found is the thing meant.
class HashIndex {
 public:
  /// Of numbers below count, which is less than 2^31.
  explicit HashIndex(std::size_t count)
      : number_bits_(static_cast<unsigned>(std::bit_width(count))),
        slots_(std::bit_ceil(count + count / 2 + 2)) {}

  /// Adds a number of 0 or more, unless same(number) holds for one that is there already.
  template <class Same>
  void insert(std::uint64_t hash, std::int32_t number, Same&& same) {
    std::uint32_t& slot = slots_[place(hash, same)];
    if (slot == empty) slot = tag(hash) | (static_cast<std::uint32_t>(number) + 1);
  }

  /// Adds the numbers from 0 to count - 1, as insert does one after another; hash_of(number) is
  /// called for each in order. Slots are fetched ahead: in a large table each lies elsewhere.
  template <class HashOf, class Same>
  void fill(std::size_t count, HashOf&& hash_of, Same&& same) {
    constexpr std::size_t ahead = 16;
    std::uint64_t hashes[ahead];
    for (std::size_t i = 0; i < count + ahead; ++i) {
      std::uint64_t& hash = hashes[i % ahead];
      if (i >= ahead)
        insert(hash, static_cast<std::int32_t>(i - ahead),
               [&](std::int32_t other) { return same(other, i - ahead); });
      if (i >= count) continue;
      hash = hash_of(i);
      __builtin_prefetch(&slots_[hash & (slots_.size() - 1)], 1);
    }
  }

  /// -1 when there is none.
  template <class Same>
  std::int32_t find(std::uint64_t hash, Same&& same) const {
    return number(slots_[place(hash, same)]);
  }

 private:
  // A slot holds a number plus one, and above it the bits of the hash that there is room for: 13
  // with 262,144 texts, so that few texts are compared in vain.
  static constexpr std::uint32_t empty = 0;

  std::uint32_t tag(std::uint64_t hash) const noexcept {
    return static_cast<std::uint32_t>(hash >> 32) & ~number_mask();
  }
  std::uint32_t number_mask() const noexcept { return (std::uint32_t{1} << number_bits_) - 1; }
  std::int32_t number(std::uint32_t slot) const noexcept {
    return static_cast<std::int32_t>(slot & number_mask()) - 1;
  }

  template <class Same>
  std::size_t place(std::uint64_t hash, Same&& same) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    const std::uint32_t wanted = tag(hash);
    const auto is_wanted = [&](std::uint32_t slot) {
      return (slot & ~number_mask()) == wanted && same(number(slot));
    };
    while (slots_[at] != empty && !is_wanted(slots_[at])) at = (at + 1) & mask;
    return at;
  }

  unsigned number_bits_;
  std::vector<std::uint32_t> slots_;
};

}  // namespace quipu
