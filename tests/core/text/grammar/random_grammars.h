// Grammars made by chance, small enough that most of them can be finished soon.
#pragma once

#include <random>
#include <string>

namespace quipu::test {

class RandomGrammar {
 public:
  explicit RandomGrammar(std::uint32_t seed) : random_(seed) {}

  /// GBNF; some refer to themselves before they read anything, or describe nothing.
  std::string text() {
    std::string all;
    for (int rule = 0; rule < rules; ++rule)
      all += (rule == 0 ? "root" : "r" + std::to_string(rule)) + " ::= " + item(3) + " | " +
             item(1) + "\n";
    return all;
  }

 private:
  static constexpr int rules = 4;

  std::uint32_t below(std::uint32_t bound) { return random_() % bound; }

  std::string item(int depth) {
    switch (depth == 0 ? below(4) : below(10)) {
    case 0:
      return "\"" + std::string(1 + below(3), static_cast<char>('a' + below(4))) + "\"";
    case 1:
      return below(2) == 0 ? "[a-c]" : "[^a\xC3\xA9]";
    case 2:
      return below(3) == 0 ? "\"\"" : "\"ab\"";
    case 3:
      return below(2) == 0 ? "\"\xC3\xA9\"" : "[0-9]";
    case 4:
      // After something, so that most do not begin with themselves.
      return "\"" + std::string(1, static_cast<char>('a' + below(4))) + "\" r" +
             std::to_string(1 + below(rules - 1));
    case 5:
      return "(" + item(depth - 1) + " | " + item(depth - 1) + ")";
    case 6:
      return "(" + item(depth - 1) + ")" + std::string(1, "*+?"[below(3)]);
    case 7: {
      const std::uint32_t least = below(4);
      return "(" + item(depth - 1) + "){" + std::to_string(least) + "," +
             std::to_string(least + below(40)) + "}";
    }
    default:
      return "(" + item(depth - 1) + " " + item(depth - 1) + ")";
    }
  }

  std::mt19937 random_;
};

}  // namespace quipu::test
