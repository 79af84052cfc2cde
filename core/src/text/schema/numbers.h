// Sets of numbers, as automata over how JSON writes them without an exponent.
//
// A set has every such spelling of its numbers: 1 is also 1.0 and 1.000. So sets are combined as
// languages are, and bounds compare decimals exactly.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "text/regular/automaton.h"
#include "text/schema/document.h"

namespace quipu::schema {

regular::Automaton all_numbers();
regular::Automaton integers();
enum class Relation : std::uint8_t { less, at_most, equal, at_least, greater };
/// Numbers that stand so to the bound. `where` begins messages; throws unsupported for bounds of
/// more than 1000 digits.
regular::Automaton compared(Relation relation, const Decimal& bound, const std::string& where,
                            regular::Budget& budget);
/// Throws unsupported when the divisor, written without point and trailing zeros, is beyond 10^4.
regular::Automaton multiples(const Decimal& divisor, const std::string& where,
                             regular::Budget& budget);
regular::Automaton one_of(std::span<const Decimal> numbers, const std::string& where,
                          regular::Budget& budget);
regular::Automaton other_numbers(const regular::Automaton& set, regular::Budget& budget);

/// For answers: integers without fraction where the set has no others; at most 20 digits before
/// and after the point unless the set has no such number; no exponents but in the set of all.
regular::Automaton answers(const regular::Automaton& set, regular::Budget& budget);
/// For checks: with exponents. Of the set of all numbers any; of others those from -20 to 20, and
/// up to 400 when at most 20 digits follow the point.
regular::Automaton spellings(const regular::Automaton& set, regular::Budget& budget);

}  // namespace quipu::schema
