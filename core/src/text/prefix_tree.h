// Finds the tokens whose texts a text begins with: a radix tree, built once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu {

class PrefixTree {
 public:
  struct Entry {
    std::string_view text;  ///< must outlive the tree
    Token token;
  };

  PrefixTree() = default;
  /// Of entries with the same text the first counts. Empty texts, and those longer than `longest`,
  /// are left out: real ones are shorter, and the cost of a look grows with the longest.
  explicit PrefixTree(std::vector<Entry> entries);

  static constexpr std::size_t longest = 512;

  /// Calls found(size, token) for each entry that the text begins with, the shortest first.
  template <class Found>
  void for_each_prefix(std::string_view text, Found&& found) const;

  /// The longest of them; its token is -1 when there is none.
  Entry longest_prefix(std::string_view text) const {
    Entry last{{}, -1};
    for_each_prefix(text, [&](std::size_t size, Token token) {
      last = {text.substr(0, size), token};
    });
    return last;
  }

 private:
  // A place in the tree where texts end or part. All below it begin with `text`.
  struct Node {
    std::string_view text;
    Token token = -1;            // of the entry that ends here
    std::uint32_t children = 0;  // the first; the others follow it, by their next bytes
    std::uint32_t children_count = 0;
  };
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  std::uint32_t child(const Node& node, unsigned char byte) const {
    const auto first = bytes_.begin() + node.children;
    const auto last = first + node.children_count;
    const auto found = std::lower_bound(first, last, byte);
    return found != last && *found == byte ? static_cast<std::uint32_t>(found - bytes_.begin())
                                           : none;
  }

  std::vector<Node> nodes_;
  std::vector<unsigned char> bytes_;  // by which each node is chosen among its siblings
  std::array<std::uint32_t, 256> roots_{};
};

template <class Found>
void PrefixTree::for_each_prefix(std::string_view text, Found&& found) const {
  if (nodes_.empty() || text.empty()) return;
  std::uint32_t at = roots_[static_cast<unsigned char>(text[0])];
  std::size_t matched = 1;
  while (at != none) {
    const Node& node = nodes_[at];
    if (text.substr(matched, node.text.size() - matched) != node.text.substr(matched)) return;
    matched = node.text.size();
    if (node.token >= 0) found(matched, node.token);
    if (matched == text.size()) return;
    at = child(node, static_cast<unsigned char>(text[matched++]));
  }
}

}  // namespace quipu
