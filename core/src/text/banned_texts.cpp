// The automaton of Aho and Corasick (CACM 18, 1975) over bytes, with all transitions filled in.
#include "text/banned_texts.h"

#include <algorithm>

#include "quipu/error.h"

namespace quipu {
namespace {

// A node takes 1 KiB, a mask of 150,000 tokens 19 KB.
constexpr std::size_t most_bytes = 4096;
constexpr std::size_t most_masks = 128;

std::size_t byte(char c) {
  return static_cast<unsigned char>(c);
}

}  // namespace

void BannedTexts::check(std::span<const std::string> texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) {
    if (text.empty())
      throw Error(ErrorCode::usage, "banned text: expected at least one byte, found none");
    if (text.find("\xEF\xBF\xBD") != std::string::npos)
      throw Error(ErrorCode::usage,
                  "banned text: expected one without U+FFFD, found " + printable(text));
    bytes += text.size();
  }
  if (bytes > most_bytes)
    throw Error(ErrorCode::usage, "banned texts: expected at most " + std::to_string(most_bytes) +
                                      " bytes, found " + std::to_string(bytes));
}

BannedTexts::BannedTexts(std::span<const std::string> texts, std::size_t vocabulary,
                         const std::function<std::string(Token)>& text_of)
    : nodes_(1), allowed_at_start_(vocabulary) {
  for (const auto& text : texts) add(text);
  connect();
  for (std::size_t id = 0; id < vocabulary; ++id) {
    const auto token = static_cast<Token>(id);
    const std::string text = text_of(token);
    pieces_ += text;
    ends_.push_back(pieces_.size());
    if (!text.empty()) by_first_byte_[byte(text[0])].push_back(token);
    if (!completes(0, text)) allowed_at_start_.set(token);
  }
}

void BannedTexts::add(std::string_view text) {
  State state = 0;
  for (const char c : text) {
    if (nodes_[state].next[byte(c)] == 0) {
      nodes_[state].next[byte(c)] = static_cast<State>(nodes_.size());
      nodes_.emplace_back();
    }
    state = nodes_[state].next[byte(c)];
  }
  nodes_[state].complete = true;
}

// Where no text goes on, the longest end that begins one does. Shorter beginnings first: what a
// node falls back on is complete before it.
void BannedTexts::connect() {
  std::vector<State> fallback(nodes_.size(), 0), order;
  for (const State child : nodes_[0].next)
    if (child != 0) order.push_back(child);
  for (std::size_t i = 0; i < order.size(); ++i) {
    Node& node = nodes_[order[i]];
    const Node& shorter = nodes_[fallback[order[i]]];
    node.complete = node.complete || shorter.complete;
    for (std::size_t b = 0; b < 256; ++b)
      if (node.next[b] == 0) {
        node.next[b] = shorter.next[b];
      } else {
        fallback[node.next[b]] = shorter.next[b];
        order.push_back(node.next[b]);
      }
  }
}

std::string_view BannedTexts::text_of(Token token) const {
  const auto at = static_cast<std::size_t>(token);
  const std::size_t first = at == 0 ? 0 : ends_[at - 1];
  return std::string_view(pieces_).substr(first, ends_[at] - first);
}

bool BannedTexts::completes(State state, std::string_view text) const {
  for (const char c : text) {
    state = nodes_[state].next[byte(c)];
    if (nodes_[state].complete) return true;
  }
  return false;
}

// Differs from the start only for tokens whose first byte goes on with something.
TokenSet BannedTexts::allowed_after(State state) {
  TokenSet allowed = allowed_at_start_;
  for (std::size_t b = 0; b < 256; ++b) {
    if (nodes_[state].next[b] == nodes_[0].next[b]) continue;
    for (const Token token : by_first_byte_[b])
      if (completes(state, text_of(token)))
        allowed.clear(token);
      else
        allowed.set(token);
  }
  return allowed;
}

const TokenSet& BannedTexts::allowed() {
  if (state_ == 0) return allowed_at_start_;
  const auto known = known_.find(state_);
  if (known != known_.end()) return known->second;
  if (known_.size() == most_masks) known_.clear();
  return known_.emplace(state_, allowed_after(state_)).first->second;
}

void BannedTexts::accept(Token token) {
  if (token < 0 || static_cast<std::size_t>(token) >= ends_.size()) return;
  for (const char c : text_of(token)) state_ = nodes_[state_].next[byte(c)];
}

}  // namespace quipu
