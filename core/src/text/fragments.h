// Cuts a text at its special tokens.
#pragma once

#include "text/vocabulary.h"

namespace quipu {

/// Calls on_text for each stretch of plain text and on_token for each special token, in order. With
/// `all`, control tokens count too, not only user-defined ones.
template <class OnText, class OnToken>
void for_each_fragment(const Vocabulary& vocabulary, std::string_view text, bool all,
                       OnText&& on_text, OnToken&& on_token) {
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Token token = vocabulary.special_at(text.substr(at), all);
    if (token < 0) {
      ++at;
      continue;
    }
    if (at > start) on_text(text.substr(start, at - start));
    on_token(token);
    start = at += vocabulary.text(token).size();
  }
  if (start < text.size()) on_text(text.substr(start));
}

}  // namespace quipu
