// What a codebook has for levels that are none of its entries: for each point, eight weights of 3
// levels or four of 8, the entries at the few smallest distances. The lists are made once, each by
// distance and then by number as in iq2xs_init_impl and iq3xs_init_impl of ggml (ggml-quants.c), so
// that of entries that are equally good the same one is found.
#pragma once

#include <algorithm>
#include <cfloat>
#include <cstdint>
#include <cstring>
#include <vector>

#include "quipu/sdk/kernel.h"

namespace {

template <unsigned Bits, unsigned Count>
class NearestEntries {
 public:
  static constexpr int weights = Bits == 2 ? 8 : 4, levels = Bits == 2 ? 3 : 8;
  static constexpr int half = weights / 2, points_of_half = Bits == 2 ? 81 : 64;
  /// A point is a number of base `levels`, the first weight its lowest digit.
  static constexpr int points = points_of_half * points_of_half;

  /// `distances`: how many of the smallest distances are within reach.
  template <class Entries>
  NearestEntries(const quipu::sdk::kernel::Codebook<Bits, Entries>& book, int distances)
      : first_(points + 1) {
    static_assert(book.count == Count);
    Distances column[weights];
    for (unsigned n = 0; n < Count; ++n) {
      const auto digits = book.bytes(n);
      for (int i = 0; i < weights; ++i) column[i][n] = level_[n][i] = digits >> (8 * i) & 0xff;
      int low = 0;
      for (int i = half - 1; i >= 0; --i) low = levels * low + level_[n][i];
      entry_[n].low = static_cast<std::uint8_t>(low);
      for (int i = 0; i < half; ++i)
        entry_[n].high[i] = static_cast<std::uint8_t>(weights * level_[n][half + i] + half + i);
    }
    list(column, weights, Distances{}, 0, distances);
    first_[points] = static_cast<std::uint32_t>(numbers_.size());
  }

  /// Whether the point is an entry itself: then it is the only one within its reach.
  bool has(int point) const { return exact_[point]; }
  unsigned first(int point) const { return numbers_[first_[point]]; }
  const std::uint8_t* levels_of(unsigned number) const { return level_[number]; }

  /// The entry within reach of the point whose weighted square error is least, where a level is
  /// worth value[level]; the first of several.
  unsigned best(int point, const float* x, const float* weight,
                const float (&value)[levels]) const {
    const auto* number = numbers_.data() + first_[point];
    const auto* const end = numbers_.data() + first_[point + 1];
    float error[levels * weights];
    for (int level = 0; level < levels; ++level)
      for (int i = 0; i < weights; ++i) {
        const float difference = value[level] - x[i];
        error[level * weights + i] = weight[i] * difference * difference;
      }
    float low[points_of_half];
    int count = levels;
    for (int level = 0; level < levels; ++level) low[level] = error[level * weights];
    for (int i = 1; i < half; ++i, count *= levels)
      for (int level = levels - 1; level >= 0; --level)
        for (int j = 0; j < count; ++j)
          low[level * count + j] = low[j] + error[level * weights + i];

    float least = FLT_MAX;
    unsigned found = *number;
    for (; number != end; ++number) {
      const Entry& entry = entry_[*number];
      float sum = low[entry.low];
      for (const auto at : entry.high) sum += error[at];
      found = sum < least ? *number : found;
      least = sum < least ? sum : least;
    }
    return found;
  }

 private:
  /// Where the errors of an entry lie: those of its first half summed, the others one by one.
  struct Entry {
    std::uint8_t low, high[half];
  };
  using Distances = std::uint8_t[Count];

  /// All points that have the digits of `point` from `digit` up; `so_far` is how far the entries
  /// are from those, squared.
  void list(const Distances* column, int digit, const Distances& so_far, int point, int distances) {
    if (digit == 0) return list(so_far, point, distances);
    --digit;
    for (int level = 0; level < levels; ++level) {
      Distances sum;
      for (unsigned n = 0; n < Count; ++n) {
        const auto difference = static_cast<std::uint8_t>(column[digit][n] - level);
        sum[n] = static_cast<std::uint8_t>(so_far[n] + difference * difference);
      }
      list(column, digit, sum, levels * point + level, distances);
    }
  }

  void list(const Distances& distance, int point, int distances) {
    first_[point] = static_cast<std::uint32_t>(numbers_.size());
    exact_[point] = std::memchr(distance, 0, Count) != nullptr;
    std::uint8_t from = 0;
    for (int i = 0; i < (exact_[point] ? 1 : distances); ++i) {
      const std::uint8_t next = least(distance, from);
      find(distance, next);
      from = static_cast<std::uint8_t>(next + 1);
    }
  }

  /// The least distance that is not below `from`.
  static std::uint8_t least(const Distances& distance, std::uint8_t from) {
    using Sixteen = std::uint8_t __attribute__((vector_size(16)));
    Sixteen found = Sixteen{} + 255;
    for (unsigned n = 0; n < Count; n += 16) {
      Sixteen d;
      std::memcpy(&d, distance + n, 16);
      d |= d < from;
      found = d < found ? d : found;
    }
    std::uint8_t least = 255;
    for (int i = 0; i < 16; ++i) least = std::min<std::uint8_t>(least, found[i]);
    return least;
  }

  /// Lists the entries at this distance, eight at a time.
  void find(const Distances& distance, std::uint8_t wanted) {
    constexpr std::uint64_t low_bits = 0x7f7f7f7f7f7f7f7f, ones = 0x0101010101010101;
    for (unsigned n = 0; n < Count; n += 8) {
      std::uint64_t eight;
      std::memcpy(&eight, distance + n, 8);
      eight ^= wanted * ones;
      // The top bit of each byte that is zero now.
      for (auto zeros = ~(((eight & low_bits) + low_bits) | eight | low_bits); zeros;
           zeros &= zeros - 1)
        numbers_.push_back(
            static_cast<std::uint16_t>(n + static_cast<unsigned>(__builtin_ctzll(zeros)) / 8));
    }
  }

  std::uint8_t level_[Count][weights];
  Entry entry_[Count];
  bool exact_[points] = {};
  std::vector<std::uint32_t> first_;
  std::vector<std::uint16_t> numbers_;
};

}  // namespace
