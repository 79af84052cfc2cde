#include "text/sampling/dry_breakers.h"

#include <algorithm>

namespace quipu {

// Tokens of a breaker after its first, at most: llama.cpp's limit.
constexpr std::size_t longest_tail = 20;

DryBreakers::DryBreakers(const Tokenizer& tokenizer, std::span<const std::string> texts) {
  for (std::size_t id = 0; id < tokenizer.size(); ++id) {
    const auto token = static_cast<Token>(id);
    const std::string piece = tokenizer.piece(token, true);
    for (const auto& text : texts) {
      if (text.empty()) continue;
      if (piece.find(text) != std::string::npos) {
        add(token, {});
        continue;
      }
      const std::size_t most = std::min(piece.size(), text.size() - 1);
      for (std::size_t shared = 1; shared <= most; ++shared) {
        if (!piece.ends_with(std::string_view(text).substr(0, shared))) continue;
        auto tail = tokenizer.encode(std::string_view(text).substr(shared),
                                     {.add_special = false, .parse_special = false});
        if (tail.size() > longest_tail) tail.resize(longest_tail);
        add(token, std::move(tail));
      }
    }
  }
}

void DryBreakers::add(Token head, std::vector<Token> tail) {
  auto& tails = tails_[head];
  if (std::ranges::find(tails, tail) == tails.end()) tails.push_back(std::move(tail));
}

std::optional<std::size_t> DryBreakers::length_at(std::span<const Token> history,
                                                  std::size_t place) const {
  const auto found = tails_.find(history[place]);
  if (found == tails_.end()) return std::nullopt;
  std::optional<std::size_t> longest;
  const auto rest = history.subspan(place + 1);
  for (const auto& tail : found->second)
    if (tail.size() <= rest.size() && std::ranges::equal(tail, rest.first(tail.size())))
      longest = std::max(longest.value_or(0), tail.size() + 1);
  return longest;
}

bool DryBreakers::breaks(Token token) const {
  const auto found = tails_.find(token);
  return found != tails_.end() && std::ranges::any_of(found->second, &std::vector<Token>::empty);
}

}  // namespace quipu
