// Regular languages over code points: deterministic automata and what one does with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/regular/alphabet.h"
#include "text/regular/budget.h"

namespace quipu::regular {

/// State 0 is the first. Only its states that something leads to and that lead to an accepting one
/// are kept, and state 0.
struct Automaton {
  Alphabet alphabet;
  std::vector<std::int32_t> next;    ///< [states, classes]; -1: nothing that begins so
  std::vector<std::int32_t> labels;  ///< per state: -1 rejects, what else accepts as that

  std::size_t states() const noexcept { return labels.size(); }
  std::int32_t after(std::int32_t state, char32_t point) const noexcept {
    return next[static_cast<std::size_t>(state) * alphabet.count + alphabet.class_of(point)];
  }
  /// The label of a text, -1 when it is not in the language.
  std::int32_t label(std::u32string_view text) const noexcept;
  bool contains(std::u32string_view text) const noexcept { return label(text) >= 0; }
  bool empty() const noexcept;
};

struct Lengths {
  std::size_t least = 0;
  std::optional<std::size_t> most;  ///< absent: no bound
};

Automaton nothing();
Automaton everything();
/// Texts of these lengths.
Automaton of_length(std::size_t least, std::optional<std::size_t> most, Budget& budget);
/// These texts; the label of each is its index (the first, when it is there twice).
Automaton one_of(std::span<const std::u32string> texts, Budget& budget);

/// Runs all parts side by side; `label` is asked once per combination of what they say.
Automaton product(std::span<const Automaton* const> parts,
                  const std::function<std::int32_t(std::span<const std::int32_t>)>& label,
                  Budget& budget);
Automaton intersection(const Automaton& a, const Automaton& b, Budget& budget);
Automaton difference(const Automaton& a, const Automaton& b, Budget& budget);
Automaton either(const Automaton& a, const Automaton& b, Budget& budget);
Automaton complement(const Automaton& a, Budget& budget);

/// The same language (and labels) with as few states as can be.
Automaton minimised(Automaton a, Budget& budget);
/// Without states that lead nowhere.
Automaton trimmed(Automaton a);
/// In code points; of a language that is not empty.
Lengths lengths(const Automaton& a);

}  // namespace quipu::regular
