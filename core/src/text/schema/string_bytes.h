// How texts are written as JSON strings: from automata over code points to automata over bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/syntax.h"
#include "text/regular/automaton.h"

namespace quipu::schema {

enum class Spelling : std::uint8_t {
  plain,  ///< only what must be escaped is, in its shortest form
  any,    ///< every way that RFC 8259 has
};

struct StringBytes {
  grammar::Dfa dfa;                  ///< quotes included
  std::vector<std::int32_t> labels;  ///< per state: the text's label where a string ends, else -1
};

StringBytes string_bytes(const regular::Automaton& texts, Spelling spelling,
                         regular::Budget& budget);

/// One code point inside a string: those by which the first state of `texts` goes on.
grammar::Dfa character_bytes(const regular::Automaton& texts, Spelling spelling,
                             regular::Budget& budget);

}  // namespace quipu::schema
