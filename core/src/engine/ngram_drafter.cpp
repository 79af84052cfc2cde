#include <algorithm>

#include "engine/drafter.h"

namespace quipu {
namespace {

// Shorter endings are found everywhere and say nothing; longer ones than the longest kind are all
// alike.
constexpr std::size_t least_match = 2, most_match = least_match + Guesses::kinds - 1;

class NgramDrafter final : public Drafter {
 public:
  void guess(std::uint32_t, std::span<const Token> text, Token next, std::size_t most,
             Guesses& out) override {
    out.tokens.clear();
    std::size_t best = 0, from = 0;
    // `end` counts the tokens before the one that would be guessed first. From the latest on, so
    // that of equally long matches the nearest counts.
    for (std::size_t end = text.size(); end > 0 && best < most_match; --end) {
      if (text[end - 1] != next) continue;
      std::size_t length = 1;
      while (length < most_match && length < end &&
             text[end - 1 - length] == text[text.size() - length])
        ++length;
      if (length > best) {
        best = length;
        from = end;
      }
    }
    if (best < least_match) return;
    out.kind = static_cast<std::uint32_t>(best - least_match);
    // A guess that reaches the end of the text goes on with `next` and what was guessed itself.
    for (std::size_t i = from; out.tokens.size() < most; ++i)
      out.tokens.push_back(i < text.size()    ? text[i]
                           : i == text.size() ? next
                                              : out.tokens[i - text.size() - 1]);
  }

  double seconds_per_guess() const noexcept override { return 0; }
};

}  // namespace

std::unique_ptr<Drafter> make_ngram_drafter() {
  return std::make_unique<NgramDrafter>();
}

}  // namespace quipu
