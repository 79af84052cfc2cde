// tokenizer.ggml.merges: which pairs of texts byte-pair encoding merges, and in what order.
#pragma once

#include <string_view>
#include <vector>

#include "quipu/error.h"
#include "quipu/model_file.h"
#include "text/string_map.h"

namespace quipu {

inline std::vector<std::string_view> read_merges(const Metadata& metadata) {
  auto merges = metadata.texts("tokenizer.ggml.merges");
  if (!merges)
    throw Error(ErrorCode::invalid,
                "tokenizer.ggml.merges: expected the list of merges, found no such key");
  return std::move(*merges);
}

/// Lines "left right", earliest first. They are kept as views and compared when a pair is found.
class MergeRanks {
 public:
  explicit MergeRanks(std::vector<std::string_view> lines)
      : lines_(std::move(lines)), index_(lines_.size()) {
    index_.fill(
        lines_.size(), [&](std::size_t rank) { return line_hash(lines_[rank]); },
        [&](std::int32_t other, std::size_t rank) {
          return lines_[static_cast<std::size_t>(other)] == lines_[rank];
        });
  }

  /// -1 when the two do not merge.
  std::int32_t find(std::string_view left, std::string_view right) const {
    return index_.find(pair_hash(text_hash(left), text_hash(right)), [&](std::int32_t rank) {
      const std::string_view line = lines_[static_cast<std::size_t>(rank)];
      return line.size() == left.size() + 1 + right.size() && line.starts_with(left) &&
             line[left.size()] == ' ' && line.ends_with(right);
    });
  }

 private:
  static std::uint64_t line_hash(std::string_view line) {
    // A text may itself begin with a space.
    const std::size_t space = line.find(' ', 1);
    // A line that is no pair is never found.
    if (space == std::string_view::npos) return text_hash(line);
    return pair_hash(text_hash(line.substr(0, space)), text_hash(line.substr(space + 1)));
  }

  std::vector<std::string_view> lines_;
  HashIndex index_;
};

}  // namespace quipu
