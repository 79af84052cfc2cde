#include "chat/prompt_tokens.h"

#include <utility>

namespace quipu::app {

std::vector<Token> PromptTokens::of(std::string_view text) {
  std::size_t known = 0;
  std::string_view rest = text;
  while (known < pieces_.size() && rest.starts_with(pieces_[known].text))
    rest.remove_prefix(pieces_[known++].text.size());
  pieces_.resize(known);
  if (!rest.empty() && !add_after_known(rest)) {
    pieces_.clear();
    pieces_.push_back({std::string(text), encode_whole_(text)});
  }
  fresh_ = rest.empty() ? 0 : pieces_.back().tokens.size();
  std::vector<Token> tokens;
  for (const Piece& piece : pieces_)
    tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
  return tokens;
}

// A text may be cut before a special token without a change to any other token, and nowhere else.
bool PromptTokens::add_after_known(std::string_view text) {
  if (pieces_.empty()) return false;
  auto tokens = tokenizer_.encode(text, {.add_special = false});
  if (tokens.empty() || !tokenizer_.is_special(tokens.front())) return false;
  pieces_.push_back({std::string(text), std::move(tokens)});
  return true;
}

void PromptTokens::answered(std::string text, std::vector<Token> tokens) {
  if (!text.empty()) pieces_.push_back({std::move(text), std::move(tokens)});
}

}  // namespace quipu::app
