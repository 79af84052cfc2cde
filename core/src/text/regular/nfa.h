// Non-deterministic automata with assertions, and their deterministic ones.
#pragma once

#include <cstdint>
#include <vector>

#include "text/regular/automaton.h"

namespace quipu::regular {

enum class Assertion : std::uint8_t { start, end, word_boundary, no_word_boundary };

class Nfa {
 public:
  /// States name the sets by index. The budget must outlive the automaton.
  Nfa(std::vector<Ranges> sets, Budget& budget);

  std::uint32_t add_set(std::uint32_t set, std::uint32_t next);
  std::uint32_t add_any(std::uint32_t next);
  std::uint32_t add_split(std::uint32_t one, std::uint32_t other);
  std::uint32_t add_assertion(Assertion assertion, std::uint32_t next);
  /// Accepts, whatever follows.
  std::uint32_t add_found();
  /// Accepts, when nothing follows.
  std::uint32_t add_end();
  void redirect(std::uint32_t split, std::uint32_t one, std::uint32_t other);

  /// `word` has what \b tells apart from the rest.
  Automaton determinised(std::uint32_t start, const Ranges& word);

 private:
  enum class Kind : std::uint8_t { set, split, assertion, found, end };
  struct State {
    Kind kind;
    std::uint32_t index, next, other;
  };
  // What is known about the place between two characters.
  struct Place {
    bool at_start, after_word;
    bool is_next_known;  // the following two are
    bool at_end, before_word;
  };
  std::uint32_t add(State state);
  bool holds(Assertion assertion, const Place& place) const noexcept;
  void close(std::vector<std::uint32_t>& states, const Place& place);

  std::vector<Ranges> sets_;
  std::vector<State> states_;
  std::vector<std::uint32_t> seen_;  // per state: the round in which close() last met it
  std::uint32_t round_ = 0;
  Budget& budget_;
};

}  // namespace quipu::regular
