// Cuts a text at its special tokens.
#pragma once

#include <algorithm>
#include <string_view>

#include "text/special_tokens.h"

namespace quipu {

/// Calls on_text for each stretch of plain text and on_token for each special token, in order.
/// Spaces that a token takes with it are in neither.
template <class OnText, class OnToken>
void for_each_fragment(const SpecialTokens& special, std::string_view text, OnText&& on_text,
                       OnToken&& on_token) {
  constexpr std::string_view spaces = " \t\n\v\f\r";
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = special.at(text.substr(at));
    if (found.token < 0) {
      ++at;
      continue;
    }
    std::string_view before = text.substr(start, at - start);
    if (found.strip == Strip::before)
      before = before.substr(0, before.find_last_not_of(spaces) + 1);
    if (!before.empty()) on_text(before);
    on_token(found.token);
    at += found.text.size();
    if (found.strip == Strip::after) at = std::min(text.find_first_not_of(spaces, at), text.size());
    start = at;
  }
  if (start < text.size()) on_text(text.substr(start));
}

}  // namespace quipu
