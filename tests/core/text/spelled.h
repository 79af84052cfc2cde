// Tokens as a test writes them down: their spellings, with bars between.
#pragma once

#include <string>

#include "quipu/tokenizer.h"

namespace quipu::test {

inline std::string spelled(const Tokenizer& tokenizer, std::string_view text,
                           TokenizeOptions options = {}) {
  std::string out;
  for (const Token token : tokenizer.encode(text, options)) {
    if (!out.empty()) out += '|';
    out += tokenizer.spelling(token);
  }
  return out;
}

}  // namespace quipu::test
