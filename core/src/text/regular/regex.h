// Regular expressions as ECMA-262 has them with the u flag (the dialect that JSON Schema names).
#pragma once

#include <string>
#include <string_view>

#include "text/regular/automaton.h"

namespace quipu::regular {

/// The texts in which the pattern is found somewhere (it is not anchored). `where` begins messages.
/// Alternatives, groups, sets, \d \w \s \p{General_Category} and their complements, quantifiers
/// (lazy ones too: the language is the same), ^ $ \b \B. What the u flag calls an error but what
/// every engine reads alike (an escaped punctuation character, a brace that is no quantifier)
/// stands for itself.
/// Throws unsupported for look-around, back references and properties other than general
/// categories, invalid for what is no pattern and for what is beyond the budgets.
Automaton search(std::string_view pattern, const std::string& where, Budget& budget);

/// The code points of a general category ("L", "Lu", "Letter", …) as Unicode has them in this
/// utf8proc; empty when there is no such category.
Ranges general_category(std::string_view name);

}  // namespace quipu::regular
