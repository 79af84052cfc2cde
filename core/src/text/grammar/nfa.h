// The automaton of one part while it is made.
#pragma once

#include <cstdint>
#include <vector>

#include "text/grammar/program.h"

namespace quipu::grammar {

/// Edges over bytes and calls, and skips that read nothing. Lists are chained by `next`.
struct Nfa {
  struct Edge {
    std::uint8_t first, last;
    std::uint32_t target, next;
  };
  struct Call {
    PartId part;
    std::uint32_t target, next;
  };
  struct Skip {
    std::uint32_t target, next;
  };
  struct State {
    std::uint32_t edges = none, calls = none, skips = none;
  };
  std::vector<State> states;
  std::vector<Edge> edges;
  std::vector<Call> calls;
  std::vector<Skip> skips;

  std::uint32_t add_state();
  void add_edge(std::uint32_t from, std::uint8_t first, std::uint8_t last, std::uint32_t to);
  void add_call(std::uint32_t from, PartId part, std::uint32_t to);
  void add_skip(std::uint32_t from, std::uint32_t to);
};

/// The same without skips. State 0 is the first; it does not accept and nothing leads to it.
struct Flat {
  struct State {
    std::vector<Program::Edge> edges;
    std::vector<Program::Call> calls;
    bool accepting = false;
  };
  std::vector<State> states;
};

/// Deterministic where that does not make it much larger: at most one way for each byte and each
/// call. Takes what it does from `work` and throws invalid when that is spent.
Flat flatten(const Nfa& nfa, std::uint32_t start, std::uint32_t accept, std::size_t& work);

}  // namespace quipu::grammar
