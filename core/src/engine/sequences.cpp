#include "engine/sequences.h"

#include <algorithm>

#include "quipu/error.h"

namespace quipu {
namespace {

std::size_t common_prefix(std::span<const Token> a, std::span<const Token> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Sequences::Sequences(Runner& runner, std::uint32_t count) : runner_(runner), all_(count) {}

void Sequences::keep(std::uint32_t id, std::size_t count) {
  if (all_[id].tokens.size() <= count) return;
  all_[id].tokens.resize(count);
  try {
    runner_.remove(id, count);
  } catch (const Error&) {
    // State that is not kept per token can only be forgotten as a whole.
    if (count == 0) throw;
    all_[id].tokens.clear();
    runner_.remove(id, 0);
  }
}

void Sequences::copy(std::uint32_t from, std::uint32_t to, std::size_t count) {
  try {
    runner_.copy(from, to, count);
  } catch (const Error&) {
    // A copy may need room that the cache has not. Without it the prompt runs from its start.
    runner_.remove(to, 0);
    return;
  }
  const auto& tokens = all_[from].tokens;
  all_[to].tokens.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count));
}

std::optional<std::uint32_t> Sequences::take(std::span<const Token> prompt) {
  // At least the last token runs, so that there are logits to go on from.
  const auto usable = prompt.first(prompt.size() - 1);
  std::optional<std::uint32_t> source, place;
  std::size_t shared = 0;
  for (std::uint32_t id = 0; id < all_.size(); ++id) {
    const std::size_t common = common_prefix(usable, all_[id].tokens);
    // Of equally long ones rather one that nobody uses: it can go on in place.
    if (common > shared ||
        (common == shared && source && all_[*source].in_use && !all_[id].in_use)) {
      shared = common;
      source = id;
    }
    // Empty ones first, then the one used longest ago.
    const auto worth = [&](std::uint32_t i) {
      return std::pair(!all_[i].tokens.empty(), all_[i].last_used);
    };
    if (!all_[id].in_use && (!place || worth(id) < worth(*place))) place = id;
  }
  if (!place) return {};
  if (shared == 0) {
    forget(*place);
  } else if (!all_[*source].in_use && goes_on_in_place(*source, shared, *place)) {
    place = source;
    keep(*place, shared);
  } else {
    forget(*place);
    copy(*source, *place, shared);
  }
  all_[*place].in_use = true;
  all_[*place].last_used = ++clock_;
  return place;
}

// To copy the beginning keeps the rest of the source for others, and costs what the place holds.
bool Sequences::goes_on_in_place(std::uint32_t source, std::size_t shared,
                                 std::uint32_t place) const {
  const std::size_t lost = all_[source].tokens.size() - shared;
  if (source == place || lost == 0) return true;
  return !all_[place].tokens.empty() && lost <= shared;
}

void Sequences::release(std::uint32_t id) {
  all_[id].in_use = false;
  all_[id].last_used = ++clock_;
}

bool Sequences::forget_oldest() {
  std::optional<std::uint32_t> oldest;
  for (std::uint32_t id = 0; id < all_.size(); ++id)
    if (!all_[id].in_use && !all_[id].tokens.empty() &&
        (!oldest || all_[id].last_used < all_[*oldest].last_used))
      oldest = id;
  if (oldest) forget(*oldest);
  return oldest.has_value();
}

void Sequences::append(std::uint32_t id, Token token) {
  all_[id].tokens.push_back(token);
}

}  // namespace quipu
