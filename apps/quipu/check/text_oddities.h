// What is odd about a greedy answer, whatever it says.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu::app {

/// A line for each: empty, blank, the same tokens over and over, bytes that are no text. `ended`:
/// the model ended the answer by itself.
std::vector<std::string> text_oddities(std::span<const Token> tokens, std::string_view text,
                                       bool ended);

}  // namespace quipu::app
