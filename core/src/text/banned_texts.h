// Texts that an answer must not have: which tokens would complete one, after what was written.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "quipu/token_set.h"

namespace quipu {

/// Exact, byte for byte, across the borders of tokens, and never takes anything back: a token that
/// would complete a text is not allowed. One answer's; not thread-safe.
class BannedTexts {
 public:
  /// Throws usage for an empty text, one with U+FFFD (which also stands for damaged bytes), and
  /// more than 4096 bytes of them.
  static void check(std::span<const std::string> texts);

  /// `text_of`: the text of each token below `vocabulary`; not kept. `texts` have been checked.
  BannedTexts(std::span<const std::string> texts, std::size_t vocabulary,
              const std::function<std::string(Token)>& text_of);

  /// All tokens but those that would complete a text. Valid until the next call of a function.
  const TokenSet& allowed();
  void accept(Token token);

 private:
  // A state of the automaton: what of the texts the end of the answer begins.
  using State = std::uint32_t;
  struct Node {
    std::array<State, 256> next{};
    bool complete = false;  // a text ends here
  };

  void add(std::string_view text);
  void connect();
  std::string_view text_of(Token token) const;
  bool completes(State state, std::string_view text) const;
  TokenSet allowed_after(State state);

  std::vector<Node> nodes_;
  std::string pieces_;  // the texts of all tokens, one after the other
  std::vector<std::size_t> ends_;
  std::array<std::vector<Token>, 256> by_first_byte_;
  State state_ = 0;
  TokenSet allowed_at_start_;
  std::unordered_map<State, TokenSet> known_;
};

}  // namespace quipu
