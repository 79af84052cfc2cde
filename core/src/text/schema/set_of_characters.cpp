// A chain of states, each of which goes on to the next by the same characters.
#include "text/schema/set_of_characters.h"

namespace quipu::schema {

using regular::Automaton;

std::optional<SetOfCharacters> set_of_characters(const Automaton& language) {
  const std::size_t k = language.alphabet.count;
  std::vector<bool> seen(language.states(), false);
  std::size_t state = 0, length = 0, first = 0, last = 0;
  bool accepted = false, ended = false, loops = false;
  for (;;) {
    seen[state] = true;
    if (language.labels[state] >= 0) {
      if (ended) return std::nullopt;
      if (!accepted) first = length;
      accepted = true;
      last = length;
    } else if (accepted) {
      ended = true;
    }
    std::int32_t next = -1;
    for (std::size_t c = 0; c < k; ++c) {
      const std::int32_t target = language.next[state * k + c];
      if (target >= 0 && next >= 0 && target != next) return std::nullopt;
      if (target >= 0) next = target;
    }
    if (next < 0) break;
    for (std::size_t c = 0; c < k; ++c)
      if ((language.next[state * k + c] >= 0) != (language.next[c] >= 0)) return std::nullopt;
    if (seen[static_cast<std::size_t>(next)]) {
      loops = true;
      if (static_cast<std::size_t>(next) != state || language.labels[state] < 0)
        return std::nullopt;
      break;
    }
    state = static_cast<std::size_t>(next);
    ++length;
  }
  if (!accepted) return std::nullopt;
  SetOfCharacters out;
  out.any_number.alphabet = language.alphabet;
  for (std::size_t c = 0; c < k; ++c) out.any_number.next.push_back(language.next[c] >= 0 ? 0 : -1);
  out.any_number.labels = {0};
  out.lengths.least = first;
  if (!loops) out.lengths.most = last;
  return out;
}

}  // namespace quipu::schema
