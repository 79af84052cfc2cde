// The sequences of a plan: which tokens each holds in the cache, and which of them a new prompt can
// begin with.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/runner.h"

namespace quipu {

/// Finished sequences stay in the cache until their place or cells are needed: a prompt that begins
/// like one of them starts from there.
class Sequences {
 public:
  Sequences(Runner& runner, std::uint32_t count);

  /// A sequence for the prompt, with its longest known beginning already in the cache, at most all
  /// but the last token; nullopt when all are in use. held(id) tells how many tokens.
  std::optional<std::uint32_t> take(std::span<const Token> prompt);
  /// The sequence is in use no longer; its tokens stay.
  void release(std::uint32_t id);
  /// Forgets all tokens of a sequence; it stays in use if it is.
  void forget(std::uint32_t id) { keep(id, 0); }
  /// Forgets all tokens but the first `count`. False when its state cannot go back there: then all
  /// are forgotten.
  bool rewind(std::uint32_t id, std::size_t count) {
    keep(id, count);
    return held(id) == count;
  }
  /// Forgets the sequence not in use that was used longest ago; false when there is none with
  /// tokens.
  bool forget_oldest();

  /// Notes a token that has been run.
  void append(std::uint32_t id, Token token);
  std::size_t held(std::uint32_t id) const noexcept { return all_[id].tokens.size(); }
  /// What it holds; valid until it changes.
  std::span<const Token> tokens(std::uint32_t id) const noexcept { return all_[id].tokens; }

 private:
  struct Sequence {
    std::vector<Token> tokens;
    bool in_use = false;
    std::uint64_t last_used = 0;
  };

  void keep(std::uint32_t id, std::size_t count);
  bool goes_on_in_place(std::uint32_t source, std::size_t shared, std::uint32_t place) const;
  void copy(std::uint32_t from, std::uint32_t to, std::size_t count);

  Runner& runner_;
  std::vector<Sequence> all_;
  std::uint64_t clock_ = 0;
};

}  // namespace quipu
