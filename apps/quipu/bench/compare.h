// A benchmark beside an earlier one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace quipu::app {

/// Medians of a test in both; nullopt where only the other has it.
struct Comparison {
  std::string test;
  std::optional<double> ours, theirs;

  /// ours / theirs.
  std::optional<double> ratio() const;
};

/// What `quipu bench --json` wrote. Throws invalid, naming the file, when it is not that.
json::object parse_bench(std::string_view text, const std::string& file);

/// load_seconds, first_token_seconds and peak_rss_bytes, then tests of ours in their order, then
/// those that only the other has. Both are what parse_bench() accepts.
std::vector<Comparison> compare(const json::object& ours, const json::object& theirs);

/// A line for the columns, a line for each.
std::vector<std::string> lines(const std::vector<Comparison>& comparisons);
json::array to_json(const std::vector<Comparison>& comparisons);

}  // namespace quipu::app
