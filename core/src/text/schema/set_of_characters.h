// Texts that only their characters and their lengths tell from others.
#pragma once

#include <optional>

#include "text/regular/automaton.h"

namespace quipu::schema {

/// A language of all texts over a set of characters, of certain lengths.
struct SetOfCharacters {
  regular::Automaton any_number;
  regular::Lengths lengths;
};
std::optional<SetOfCharacters> set_of_characters(const regular::Automaton& language);

}  // namespace quipu::schema
