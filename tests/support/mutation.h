// Random changes, the same in every run: for tests that feed damaged input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

namespace quipu::test {

class Mutation {
 public:
  explicit Mutation(std::uint64_t seed) : generator_(seed) {}

  std::uint64_t bits() { return generator_(); }
  /// 0 … count - 1; count is small, so that the bias of a remainder is none to speak of.
  std::size_t below(std::size_t count) { return count ? generator_() % count : 0; }
  bool one_in(std::size_t count) { return below(count) == 0; }

  /// Numbers at which something may go wrong, and any number.
  std::uint64_t number() {
    static constexpr std::uint64_t edges[] = {0,  1,  2,  3,  4,   8,   31,  32,
                                              33, 63, 64, 65, 127, 128, 255, 256};
    switch (below(5)) {
    case 0:
      return bits() >> below(64);
    case 1:
      return (std::uint64_t{1} << below(64)) - below(2);
    case 2:
      return ~bits() >> below(64) | std::uint64_t{1} << 63;
    case 3:
      return ~std::uint64_t{0} - below(3);
    default:
      return edges[below(std::size(edges))];
    }
  }

  std::string bytes(std::size_t most) {
    std::string out(below(most + 1), '\0');
    for (char& byte : out) byte = static_cast<char>(bits());
    return out;
  }

  /// Texts of a few letters, marks and broken sequences, and long runs of one of them.
  std::string text(std::size_t most) {
    static constexpr std::string_view units[] = {"a",
                                                 "b",
                                                 "c",
                                                 " ",
                                                 "  ",
                                                 "\n",
                                                 "\t",
                                                 "1",
                                                 "'s",
                                                 "<s>",
                                                 ".",
                                                 "\xE2\x96\x81",
                                                 "\xC4\xA0",
                                                 "\xE4\xB8\xAD",
                                                 "\xF0\x9F\x99\x82",
                                                 "\xCC\x81",
                                                 "\xE4\xB8",
                                                 "\xFF",
                                                 std::string_view("\0", 1)};
    std::string out;
    for (std::size_t i = below(most + 1); i > 0; --i) {
      const std::string_view unit = units[below(std::size(units))];
      for (std::size_t k = one_in(16) ? below(64) : 1; k > 0; --k) out += unit;
    }
    return out;
  }

  /// Changes one place among the first `size` bytes, or moves what follows it.
  void damage(std::string& data, std::size_t size) {
    size = std::min(size, data.size());
    const std::size_t at = below(size);
    switch (below(6)) {
    case 0:
      data[at] = static_cast<char>(data[at] ^ 1 << below(8));
      break;
    case 1:
      data[at] = static_cast<char>(bits());
      break;
    case 2: {
      const std::uint64_t value = number();
      const std::size_t width = std::min<std::size_t>(one_in(2) ? 4 : 8, data.size() - at);
      for (std::size_t i = 0; i < width; ++i) data[at + i] = static_cast<char>(value >> 8 * i);
      break;
    }
    case 3:
      data.erase(at, 1 + below(8));
      break;
    case 4:
      data.insert(at, bytes(8));
      break;
    default:
      data.replace(at, below(16), data.substr(below(size), below(16)));
      break;
    }
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace quipu::test
