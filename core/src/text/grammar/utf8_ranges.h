// Ranges of code points as ranges of bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/grammar/syntax.h"

namespace quipu::grammar {

/// One to four ranges, one byte from each in turn: the UTF-8 of a range of code points.
struct ByteRanges {
  struct Range {
    std::uint8_t first, last;
    bool operator==(const Range&) const = default;
  };
  Range at[4];
  std::uint32_t size;
};

/// Sorted, without overlap, and no surrogates or what lies past U+10FFFF.
std::vector<CodePoints> tidy(std::vector<CodePoints> ranges);
/// All code points that are not in the ranges.
std::vector<CodePoints> all_but(std::vector<CodePoints> ranges);

/// In ascending order. Of two that begin with the same byte, the ranges of first bytes are equal
/// and of one byte; likewise further on: they make a trie.
std::vector<ByteRanges> byte_ranges(std::span<const CodePoints> tidy_ranges);

}  // namespace quipu::grammar
