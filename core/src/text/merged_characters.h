// A word cut into characters that are merged as a model's ranks say; what no token spells becomes
// its bytes.
#pragma once

#include "text/merges.h"
#include "text/sentence_pieces.h"
#include "text/utf8.h"

namespace quipu {

/// Appends the tokens. `find` is what Merger::run takes.
template <class Find>
void append_merged(const Vocabulary& vocabulary, const ByteTokens& byte_tokens,
                   std::string_view word, Merger& merger, Find&& find, std::vector<Token>& out) {
  merger.clear();
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t size = character_size(word.substr(at));
    merger.add(vocabulary.find(word.substr(at, size)), at, size);
    at += size;
  }
  merger.run(find);
  for (const auto& symbol : merger.symbols()) {
    if (symbol.size == 0) continue;
    if (symbol.token >= 0)
      out.push_back(symbol.token);
    else
      byte_tokens.append(word.substr(symbol.first, symbol.size), vocabulary.unknown, out);
  }
}

}  // namespace quipu
