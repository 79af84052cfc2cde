// What automata may cost.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace quipu::regular {

/// What the automata of one schema may cost together, in table cells. Throws invalid beyond;
/// `where` begins the message.
class Budget {
 public:
  explicit Budget(std::size_t cells, std::string where = "regular language")
      : left_(cells), where_(std::move(where)) {}
  static constexpr std::size_t states = 30'000;  ///< of one automaton

  void spend(std::size_t cells);
  /// Throws, for an automaton of too many states.
  [[noreturn]] void exceeded() const;

 private:
  std::size_t left_;
  std::string where_;
};

}  // namespace quipu::regular
