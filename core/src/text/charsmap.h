// The normalisation of SentencePiece: rules that replace beginnings of a text, from
// tokenizer.ggml.precompiled_charsmap.
//
//   byte 0 1 2 3   4 ................. 4 + n   ...........
//        [n, u32]  [n / 4 units, u32]          [replacements, each ended by a zero byte]
//
// The units are a double array (Darts-clone): a unit with bit 31 is a value, the place of a
// replacement; any other is a node with
//   bits 0-7    the byte by which it is reached from its parent
//   bit 8       whether a rule ends here
//   bits 9-30   the distance, by exclusive or, to its children; times 256 when bit 9 is set
// All numbers are little endian. Layout: google/sentencepiece, src/normalizer.cc, and
// third_party/darts_clone/darts.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quipu {

class Metadata;

class Charsmap {
 public:
  struct Match {
    std::size_t size = 0;          ///< bytes of the text that are replaced; 0 = no rule
    std::string_view replacement;  ///< lives as long as the map
  };

  /// No rules when the file has none. Throws invalid, naming the key, for what is no such map.
  explicit Charsmap(const Metadata& metadata);

  /// The longest rule for how the text begins.
  Match at(std::string_view text) const;

 private:
  void check() const;
  std::uint32_t children_of(std::uint32_t node) const noexcept;

  std::vector<std::uint32_t> units_;
  std::string replacements_;
};

}  // namespace quipu
