// Cuts a text at its special tokens.
#pragma once

#include <string_view>

#include "text/special_tokens.h"

namespace quipu {

/// Calls on_text for each stretch of plain text and on_token for each special token, in order.
template <class OnText, class OnToken>
void for_each_fragment(const SpecialTokens& special, std::string_view text, OnText&& on_text,
                       OnToken&& on_token) {
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = special.at(text.substr(at));
    if (found.token < 0) {
      ++at;
      continue;
    }
    if (at > start) on_text(text.substr(start, at - start));
    on_token(found.token);
    start = at += found.text.size();
  }
  if (start < text.size()) on_text(text.substr(start));
}

}  // namespace quipu
