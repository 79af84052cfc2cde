// Which tokens may come next: the machine's configuration against the vocabulary, mostly by
// look-up.
//
// A token's bytes are read by the frame on top, and what it leaves by the frames below. So the
// walk through the vocabulary is cut where frames end: what the top frame lets through, and where
// it ends, depends on that frame alone and is found once; from there the same is asked of the
// frame below, and so on until no token has bytes left. (XGrammar, arXiv:2411.15100, splits tokens
// likewise into those that depend on the stack and those that do not.)
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "quipu/token_set.h"
#include "text/grammar/machine.h"
#include "text/token_pieces.h"

namespace quipu::grammar {

/// A machine and the masks of its configurations for one vocabulary. Not thread-safe.
class Masks {
 public:
  Masks(std::shared_ptr<const Program> program, std::shared_ptr<const TokenPieces> pieces);

  Machine& machine() noexcept { return machine_; }
  const TokenPieces& pieces() const noexcept { return *pieces_; }

  /// Tokens that may follow, with those that end generation if the grammar may end. Throws invalid
  /// when that takes too many steps.
  std::shared_ptr<const TokenSet> mask(ConfigId config);
  /// Behind a token's bytes; 0 where they cannot come. Throws like mask().
  ConfigId step(ConfigId config, std::string_view piece);
  /// About what all this takes in memory.
  std::size_t bytes() const noexcept { return machine_.bytes() + bytes_; }

 private:
  /// Places in a trie from which the rest of tokens is still to be read.
  struct Front {
    std::uint32_t trie = 0;
    std::vector<std::uint32_t> nodes;
    std::uint32_t height = 0;  // most bytes of a rest
    // What follows the nodes, by the first byte: those of byte b from starts[b] to starts[b + 1].
    // Empty until it is needed.
    std::vector<std::uint32_t> following, starts;
  };
  /// What one frame makes of a front.
  struct Found {
    std::vector<Token> few;          // tokens that it lets through …
    std::unique_ptr<TokenSet> many;  // … or, when that is smaller, a set of them
    bool passes = false;        // it may end at once, so the whole front is left to what is below
    std::uint32_t rest = none;  // where else it may end; none: nowhere
    std::uint64_t round = 0;    // the mask that it was last added to
  };

  Found& find(std::uint32_t front, FrameId frame);
  void walk(const Front& front, FrameId frame, std::vector<Token>& tokens,
            std::vector<std::uint32_t>& rest);
  void walk_from(const TokenPieces::Trie& trie, std::uint32_t node, ConfigId config,
                 std::vector<Token>& tokens, std::vector<std::uint32_t>& rest);
  std::uint32_t front_of(std::uint32_t trie, std::vector<std::uint32_t> nodes);
  void find_following(Front& front);
  void add(Found& found, TokenSet& set);
  /// `shared`: other stacks of the same mask may have the same frames below.
  void add_stack(StackId stack, bool shared, TokenSet& set);
  void check_budget() const;

  std::shared_ptr<const TokenPieces> pieces_;
  Machine machine_;
  std::vector<Front> fronts_;                                        // the first are whole tries
  std::unordered_multimap<std::uint64_t, std::uint32_t> front_ids_;  // by hash
  std::unordered_map<std::uint64_t, Found> found_;                   // by front and frame
  // Whole masks of late: a ring, and where a configuration's lies.
  struct Kept {
    ConfigId config = none;
    std::shared_ptr<const TokenSet> set;
  };
  std::vector<Kept> kept_;
  std::unordered_map<ConfigId, std::size_t> kept_at_;
  std::size_t next_kept_ = 0;
  std::uint64_t round_ = 0;                     // counts masks
  std::unordered_set<std::uint64_t> looked_;    // fronts and stacks of this mask
  std::vector<bool> in_rest_;                   // per node, while walking
  std::vector<ConfigId> configs_;               // of the nodes on the way, while walking
  std::uint64_t nodes_ = 0;                     // of tries that were looked at
  std::uint64_t budget_ = 0, node_budget_ = 0;  // of Machine::work and nodes_, while a mask is made
  std::size_t bytes_ = 0;
};

}  // namespace quipu::grammar
