#include "engine/sequences.h"

#include <algorithm>

namespace quipu {
namespace {

std::size_t common_prefix(std::span<const Token> a, std::span<const Token> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

Sequences::Sequences(Runner& runner, std::uint32_t count) : runner_(runner), all_(count) {}

void Sequences::forget(std::uint32_t id, std::size_t keep) {
  if (all_[id].tokens.size() <= keep) return;
  runner_.remove(id, keep);
  all_[id].tokens.resize(keep);
}

std::optional<std::uint32_t> Sequences::take(std::span<const Token> prompt) {
  // At least the last token runs, so that there are logits to go on from.
  const auto usable = prompt.first(prompt.size() - 1);
  std::optional<std::uint32_t> source, oldest;
  std::size_t shared = 0;
  for (std::uint32_t id = 0; id < all_.size(); ++id) {
    const auto& sequence = all_[id];
    const std::size_t common = common_prefix(usable, sequence.tokens);
    if (common > shared) {
      shared = common;
      source = id;
    }
    // Empty ones first, then the one used longest ago.
    const auto worth = [&](std::uint32_t i) {
      return std::pair(!all_[i].tokens.empty(), all_[i].last_used);
    };
    if (!sequence.in_use && (!oldest || worth(id) < worth(*oldest))) oldest = id;
  }
  if (!oldest) return {};
  std::uint32_t id = *oldest;
  // Go on in place where nothing would be lost, or where the only other place is not empty.
  if (source && !all_[*source].in_use &&
      (all_[*source].tokens.size() == shared || !all_[id].tokens.empty()))
    id = *source;
  if (source && id != *source) {
    forget(id, 0);
    runner_.copy(*source, id, shared);
    const auto& from = all_[*source].tokens;
    all_[id].tokens.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(shared));
  } else {
    forget(id, source ? shared : 0);
  }
  all_[id].in_use = true;
  all_[id].last_used = ++clock_;
  return id;
}

void Sequences::release(std::uint32_t id) {
  all_[id].in_use = false;
  all_[id].last_used = ++clock_;
}

void Sequences::drop(std::uint32_t id) {
  forget(id, 0);
  release(id);
}

bool Sequences::forget_oldest() {
  std::optional<std::uint32_t> oldest;
  for (std::uint32_t id = 0; id < all_.size(); ++id)
    if (!all_[id].in_use && !all_[id].tokens.empty() &&
        (!oldest || all_[id].last_used < all_[*oldest].last_used))
      oldest = id;
  if (oldest) forget(*oldest, 0);
  return oldest.has_value();
}

void Sequences::append(std::uint32_t id, Token token) {
  all_[id].tokens.push_back(token);
}

}  // namespace quipu
