#include "text_oddities.h"

#include <algorithm>

namespace quipu::app {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

// Tokens that come again and again at the end: 16 of them at least, and at least four times, for
// lists and rhymes repeat a little. 0: none.
std::size_t cycle(std::span<const Token> tokens) {
  for (std::size_t period = 1; period <= 8; ++period) {
    const std::size_t length = std::max<std::size_t>(16, 4 * period);
    if (tokens.size() < length) continue;
    const auto tail = tokens.last(length);
    if (std::equal(tail.begin() + static_cast<std::ptrdiff_t>(period), tail.end(), tail.begin()))
      return period;
  }
  return 0;
}

std::size_t replacements(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(replacement_character, at)) != std::string_view::npos;
       at += replacement_character.size())
    ++count;
  return count;
}

}  // namespace

std::vector<std::string> text_oddities(std::span<const Token> tokens, std::string_view text,
                                       bool ended) {
  std::vector<std::string> oddities;
  if (tokens.empty() || (ended && text.empty())) {
    oddities.emplace_back("the greedy answer is empty");
    return oddities;
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    oddities.emplace_back("the greedy answer is blank");
  if (const std::size_t period = cycle(tokens))
    oddities.push_back(period == 1 ? "the greedy text repeats one token"
                                   : "the greedy text repeats the same " + std::to_string(period) +
                                         " tokens");
  // An answer that was cut off may end within a code point.
  if (!ended && text.ends_with(replacement_character))
    text.remove_suffix(replacement_character.size());
  if (const std::size_t count = replacements(text))
    oddities.push_back("the greedy text has " + std::to_string(count) +
                       " bytes or so that are no text (U+FFFD)");
  return oddities;
}

}  // namespace quipu::app
